#!/bin/sh
# Runs a command beside a Slurm of one machine, which ends with it (Debian's slurm-wlm; as
# root, with no munge: auth/none). The command finds SLURM_CONF.
#
#   slurm.sh COMMAND...
#   slurm.sh reason       prints why it cannot run here, and nothing where it can
#
# Exits as the command does; 76 when Slurm does not start, 77 when it cannot run here.
set -eu
reason() {
	for program in slurmctld slurmd sbatch sinfo; do
		command -v "$program" >/dev/null || { echo "no $program (apt install slurm-wlm)"; return; }
	done
	[ "$(id -u)" = 0 ] || echo 'it wants root'
}
if [ "${1:-}" = reason ]; then
	reason
	exit
fi
why=$(reason)
[ -z "$why" ] || { echo "slurm.sh: cannot run here: $why" >&2; exit 77; }

top=$(mktemp -d)
controller='' node=''
finish() {
	[ -z "$node" ] || kill "$node" 2>/dev/null || :
	[ -z "$controller" ] || kill "$controller" 2>/dev/null || :
	wait
	rm -rf "$top"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_port() {
	python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
mkdir "$top/state" "$top/spool"
export SLURM_CONF="$top/slurm.conf"
cat >"$SLURM_CONF" <<EOF
ClusterName=zllm
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
StateSaveLocation=$top/state
SlurmdSpoolDir=$top/spool
SlurmctldPidFile=$top/slurmctld.pid
SlurmdPidFile=$top/slurmd.pid
SlurmctldLogFile=$top/slurmctld.log
SlurmdLogFile=$top/slurmd.log
NodeName=one NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
SlurmdParameters=config_overrides
EOF
slurmctld -D -f "$SLURM_CONF" >"$top/ctld.out" 2>&1 &
controller=$!
slurmd -D -N one -f "$SLURM_CONF" >"$top/slurmd.out" 2>&1 &
node=$!
tries=0
until sinfo -h -o %t 2>/dev/null | grep -qE 'idle|mix|alloc'; do
	[ $((tries += 1)) -lt 60 ] && kill -0 "$controller" 2>/dev/null && kill -0 "$node" 2>/dev/null || {
		tail -n 5 "$top"/*.log "$top"/*.out >&2
		exit 76
	}
	sleep 0.5
done
"$@"
