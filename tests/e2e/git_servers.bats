#!/usr/bin/env bats
# Git servers: nginx with git-http-backend behind a token, README's section about them in
# order and as written, and doctor's line for the host of a remote.

load helpers

TOKEN=s3cret-token

teardown() {
	local pid
	for pid in ${SERVERS:-}; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	e2e_teardown
}

# in_background COMMAND...: until the test ends.
in_background() {
	"$@" >>"$T/servers.log" 2>&1 3>&- &
	SERVERS="${SERVERS:-} $!"
}

free_port() {
	python -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# until_true COMMAND...: waits for it to succeed, ten seconds at most.
until_true() {
	local i
	for ((i = 0; i < 100; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		read -rt 0.1 <> <(:) || :
	done
	cat "$T/servers.log" "$T/nginx.log"
	return 1
}

# serve: nginx at $URL serves the bare repositories below T/srv to who knows the token, as a
# password or as a bearer's, by fcgiwrap and git-http-backend.
serve() {
	PATH=$PATH:/usr/sbin
	command -v nginx >/dev/null && command -v fcgiwrap >/dev/null ||
		skip 'no nginx and fcgiwrap here (tests/deps.sh check)'
	local port
	port=$(free_port)
	URL=http://127.0.0.1:$port/git
	mkdir -p "$T/srv"
	cat >"$T/nginx.conf" <<-END
		daemon off;
		master_process off;
		pid $T/nginx.pid;
		error_log $T/nginx.log;
		events {}
		http {
			access_log off;
			client_max_body_size 0;
			client_body_temp_path $T/nginx-body;
			fastcgi_temp_path $T/nginx-fastcgi;
			proxy_temp_path $T/nginx-proxy;
			uwsgi_temp_path $T/nginx-uwsgi;
			scgi_temp_path $T/nginx-scgi;
			map \$http_authorization \$who {
				"Bearer $TOKEN" ci;
				"Basic $(printf 'ci:%s' "$TOKEN" | base64)" ci;
				default "";
			}
			server {
				listen 127.0.0.1:$port;
				location ~ ^/git(/.*)\$ {
					error_page 401 @who;
					if (\$who = "") { return 401; }
					fastcgi_pass unix:$T/fcgi.sock;
					fastcgi_param SCRIPT_FILENAME $(git --exec-path)/git-http-backend;
					fastcgi_param GIT_PROJECT_ROOT $T/srv;
					fastcgi_param GIT_HTTP_EXPORT_ALL 1;
					fastcgi_param PATH_INFO \$1;
					fastcgi_param REMOTE_USER \$who;
					fastcgi_param REQUEST_METHOD \$request_method;
					fastcgi_param QUERY_STRING \$query_string;
					fastcgi_param CONTENT_TYPE \$content_type;
					fastcgi_param CONTENT_LENGTH \$content_length;
				}
				location @who {
					add_header WWW-Authenticate 'Basic realm="git"' always;
					return 401;
				}
			}
		}
	END
	in_background fcgiwrap -s "unix:$T/fcgi.sock"
	in_background nginx -p "$T" -c "$T/nginx.conf"
	until_true test -S "$T/fcgi.sock"
	until_true python -c "import socket; socket.create_connection(('127.0.0.1', $port))"
	git config --global credential.helper \
		"!f() { echo username=ci; echo password=$TOKEN; }; f"
}

# served NAME: a bare repository on the server.
served() {
	git init -q --bare "$T/srv/$1.git"
	git -C "$T/srv/$1.git" config http.receivepack true
}

as_nobody() {
	git -c credential.helper= "$@"
}

as_bearer() {
	git -c credential.helper= -c "http.extraHeader=Authorization: Bearer $TOKEN" "$@"
}

# push_models: a repository at T/r whose remote is on the server; two models are pushed.
push_models() {
	served r
	git init -q "$T/r"
	cd "$T/r" || return 1
	git remote add origin "$URL/r.git"
	git zllm init "$STORE" '*.safetensors' '*.bin' >/dev/null
	make_model base.safetensors
	commit Base
	finetune tuned.safetensors base.safetensors
	commit Tuned
	git push -q -u origin main
	in_store "$(oid_of tuned.safetensors)"
}

@test "nginx with git-http-backend and a token: push, clone, fork, merge there, mirror" {
	serve
	push_models
	run as_nobody clone -q "$URL/r.git" "$T/nobody"
	[ "$status" -ne 0 ]
	git clone -q "$URL/r.git" "$T/clone"
	expect_same_files . "$T/clone"
	as_bearer clone -q "$URL/r.git" "$T/ci"
	expect_same_files . "$T/ci"

	# A fork is made on the server. Who pushes to it has files of one commit only.
	git clone -q --bare "$T/srv/r.git" "$T/srv/fork.git"
	git -C "$T/srv/fork.git" config http.receivepack true
	GIT_LFS_SKIP_SMUDGE=1 git clone -q "$URL/r.git" "$T/contributor"
	cd "$T/contributor"
	git zllm init "$STORE" '*.safetensors' '*.bin' >/dev/null
	git remote add fork "$URL/fork.git"
	git switch -qc side
	finetune side.safetensors "$T/r/base.safetensors" 3
	commit Side
	git push -q fork side
	in_store "$(oid_of side.safetensors)"

	# A merge is made on the server, where nobody has a worktree.
	cd "$T/srv/fork.git"
	local tree merged
	tree=$(git merge-tree --write-tree main side)
	merged=$(git commit-tree -p main -p side -m Merge "$tree")
	git update-ref refs/heads/main "$merged"
	git clone -q "$URL/fork.git" "$T/merged"
	cmp "$T/merged/side.safetensors" "$T/contributor/side.safetensors"
	cmp "$T/merged/tuned.safetensors" "$T/r/tuned.safetensors"

	# A mirror brings no object, and needs none.
	served mirror
	git clone -q --mirror "$URL/fork.git" "$T/mirroring.git"
	git -C "$T/mirroring.git" push -q --mirror "$URL/mirror.git"
	git clone -q -b side "$URL/mirror.git" "$T/mirrored"
	cmp "$T/mirrored/side.safetensors" "$T/contributor/side.safetensors"
}

@test "who pushed by http finds the store there before anything is checked out, and anew after it" {
	serve
	git config --global --unset zllm.remember
	push_models
	git config --global --get "lfs.$URL/r.git.standalonetransferagent"
	git init -q "$T/job"
	cd "$T/job"
	git remote add origin "$URL/r.git"
	git config --local "http.$URL/.extraheader" "Authorization: Bearer $TOKEN" # as actions/checkout
	git config --global --unset credential.helper
	git fetch -q --depth=1 origin +main:refs/remotes/origin/main
	git lfs fetch origin refs/remotes/origin/main
	git checkout -q -B main refs/remotes/origin/main
	expect_same_files "$T/r" .
	# A commit that names no store, alone: the server's default branch does.
	cd "$T/r"
	git -c "http.extraHeader=Authorization: Bearer $TOKEN" push -q --no-verify origin \
		"$(git commit-tree -m Bare "$(git ls-tree main | grep -v lfsconfig | git mktree)"):refs/heads/bare"
	rm -rf "$T/job/.git/lfs/objects"
	git init -q "$T/job2"
	cp "$T/job/.git/config" "$T/job2/.git/config"
	cd "$T/job2"
	git fetch -q --depth=1 --no-tags origin +bare:refs/remotes/origin/bare
	git lfs fetch origin refs/remotes/origin/bare
	git checkout -q --detach origin/bare
	cmp base.safetensors "$T/r/base.safetensors"
}

# readme_block N: the Nth block of commands in README's section, for this test's folders.
readme_block() {
	sed -n '/^## Git servers/,/^## [^G]/p' "$TOP/README.md" |
		awk -v want="$1" '/^      [^ ]/ { if (!in_block) { n++; in_block = 1 } if (n == want) print; next }
			{ in_block = 0 }' |
		sed "s|/srv/git/models.git|$T/srv/r.git|; s|zllm::/srv/models|zllm::$T/mounted/store|
			s|https://forge.example.org/team/models.git|http://127.0.0.1:${LOCKS:-0}|"
}

# A server of locks: it keeps one, and says to everybody whose it is.
locks() {
	LOCKS=$(free_port)
	cat >"$T/locks.py" <<-'END'
		import http.server, json, sys
		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        want = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
		        lock = {"id": "1", "path": want.get("path"), "locked_at": "2026-01-01T00:00:00Z",
		                "owner": {"name": "somebody else"}}
		        open(sys.argv[2], "a").write(self.path + "\n")
		        answer = json.dumps({"lock": lock}).encode()
		        self.send_response(201)
		        self.send_header("Content-Type", "application/vnd.git-lfs+json")
		        self.send_header("Content-Length", str(len(answer)))
		        self.end_headers()
		        self.wfile.write(answer)
		http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
	END
	in_background /usr/bin/env python3 "$T/locks.py" "$LOCKS" "$T/locks.log"
	until_true python -c "import socket; socket.create_connection(('127.0.0.1', $LOCKS))"
}

@test "README, 'Git servers', in order and as written" {
	folder_only 'the store is mounted elsewhere on the server'
	serve
	push_models

	# What is not git leaves pointers.
	git -c filter.lfs.process= -c filter.lfs.smudge= -c filter.lfs.required=false \
		clone -q "$URL/r.git" "$T/foreign"
	cd "$T/foreign"
	grep -q 'oid sha256' base.safetensors
	[ "$(readme_block 1)" = '      git lfs pull' ]
	bash -euc "$(readme_block 1)"
	expect_same_files "$T/r" "$T/foreign"

	locks
	cd "$T/r"
	run -0 bash -euc "$(readme_block 2)"
	says 'Locked base.safetensors'
	grep -qx /info/lfs/locks "$T/locks.log"
	cd "$T/foreign"
	finetune base.safetensors "$T/r/tuned.safetensors" 5
	commit 'Changed though it is locked'
	git push -q origin main
	[ "$(wc -l <"$T/locks.log")" -eq 1 ]

	# On the server the store is elsewhere.
	mkdir "$T/mounted"
	ln -s "$STORE" "$T/mounted/store"
	(bash -euc "$(readme_block 3)")
	finetune base.safetensors "$T/r/tuned.safetensors" 6
	commit 'Not uploaded'
	run git push --no-verify origin main
	[ "$status" -ne 0 ]
	says 'remote:' base.safetensors 'not in the store' 'pre-receive hook declined'
	git push -q origin main
	[ "$(git -C "$T/srv/r.git" rev-parse main)" = "$(git rev-parse main)" ]
	[ -z "$(readme_block 4)" ]
}

# doctor_says URL TEXT...: for a repository whose remote it is.
doctor_says() {
	git remote set-url origin "$1"
	run git zllm doctor
	says "${@:2}"
}

@test "doctor has the line of each server in README's table, by host, user and file" {
	make_repo r
	doctor_says git@gitlab.example.org:team/models.git 'gitlab.example.org is GitLab' 'LFS objects are missing'
	doctor_says "https://me:$TOKEN@github.com/team/models" 'github.com is GitHub' GH008
	says_not "$TOKEN"
	doctor_says https://codeberg.org/team/models 'codeberg.org is Gitea or Forgejo' 'pre-receive'
	doctor_says ssh://forgejo@git.example.org/team/models 'git.example.org is Gitea or Forgejo'
	doctor_says https://dev.azure.com/org/p/_git/models 'dev.azure.com is Azure DevOps' 'git lfs pull'
	doctor_says https://huggingface.co/org/model 'Hugging Face' 'does not have itself'
	doctor_says https://git.example.org/team/models permission
	says_not ' server '
	: >.gitlab-ci.yml
	doctor_says https://git.example.org/team/models 'git.example.org may be GitLab, as there is .gitlab-ci.yml here'
	# As git goes there.
	git config url.https://gitea.example.org/.insteadOf forge:
	doctor_says forge:team/models 'gitea.example.org is Gitea'
	doctor_says "$T/r.git" permission
	says_not ' server '
	# Every row of the table is a row of README.
	local name names
	names=$(sed -n 's/.*\.forge = { "\([A-Z][a-zA-Z]*\).*/\1/p' "$TOP/agent/git/forge.c")
	[ "$(wc -l <<<"$names")" -ge 5 ]
	while IFS= read -r name; do
		grep -q "^| $name" "$TOP/README.md"
	done <<<"$names"
}
