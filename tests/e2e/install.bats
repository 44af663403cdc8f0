#!/usr/bin/env bats
# `install` and `uninstall`: which keys they write, and that they take no other away.

load helpers

@test "install writes exactly these keys" {
	e2e_blank_user
	git lfs install --skip-repo >/dev/null
	git config --global --list | sort >before
	git zllm install >/dev/null
	git config --global --list | sort >after
	diff <(comm -13 before after) - <<-END
		diff.zllm.command=git-zllm diff --driver
		lfs.customtransfer.zllm.args=agent
		lfs.customtransfer.zllm.concurrent=false
		lfs.customtransfer.zllm.path=git-zllm
		lfs.https://zllm.invalid.standalonetransferagent=zllm
		lfs.zllm::.standalonetransferagent=zllm
	END
	[ -z "$(comm -23 before after)" ]
}

@test "uninstall undoes install to the byte" {
	e2e_blank_user
	git lfs install --skip-repo >/dev/null
	git config --global user.signingkey x
	cp "$HOME/.gitconfig" before
	git zllm install >/dev/null
	run ! cmp before "$HOME/.gitconfig"
	git zllm uninstall >/dev/null
	diff before "$HOME/.gitconfig"
}

@test "install sets up git-lfs's filters where nobody did, and uninstall takes them back" {
	e2e_blank_user
	cp "$HOME/.gitconfig" before
	git zllm install >/dev/null
	[ -n "$(git config --global filter.lfs.process)" ]
	make_repo r
	make_model model.safetensors
	commit 'A model'
	git push -q
	clone_and_compare
	git zllm uninstall >/dev/null
	# What the user said of a bucket stays.
	git config --global --unset-all zllm.trust || true
	diff "$T/before" "$HOME/.gitconfig"
}

@test "uninstall leaves git-lfs's filters alone when they were there before" {
	git config --global --unset zllm.remember
	git zllm uninstall >/dev/null
	[ -n "$(git config --global filter.lfs.process)" ]
	[ -z "$(git config --global --get-regexp zllm)" ]
}

@test "install twice is install once" {
	cp "$HOME/.gitconfig" before
	run -0 git zllm install
	diff before "$HOME/.gitconfig"
}

@test "uninstall without install changes nothing" {
	git zllm uninstall >/dev/null
	cp "$HOME/.gitconfig" before
	run -0 git zllm uninstall
	diff before "$HOME/.gitconfig"
}

@test "uninstall keeps a key that somebody else set" {
	git config --global lfs.customtransfer.zllm.path /opt/other/agent
	run -0 git zllm uninstall
	[ "$(git config --global lfs.customtransfer.zllm.path)" = /opt/other/agent ]
}

@test "install --local serves one repository, and uninstall --local undoes it" {
	git config --global --unset zllm.remember
	git zllm uninstall >/dev/null
	plain_repo r
	cd r
	cp .git/config "$T/before"
	git zllm install --local >/dev/null
	[ -z "$(git config --global --get-regexp zllm)" ]
	git zllm init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
	git zllm uninstall --local >/dev/null
	[ -z "$(git config --local --get-regexp 'lfs\..*zllm')" ]
}

@test "install --file writes to that file and nowhere else" {
	git zllm uninstall >/dev/null
	cp "$HOME/.gitconfig" before
	git zllm install --file "$T/other-config" >/dev/null
	diff before "$HOME/.gitconfig"
	[ "$(git config -f "$T/other-config" lfs.zllm::.standalonetransferagent)" = zllm ]
	git zllm uninstall --file "$T/other-config" >/dev/null
	[ ! -s "$T/other-config" ] || [ -z "$(git config -f "$T/other-config" --list)" ]
}

@test "install never sets the plain lfs.standalonetransferagent" {
	[ -z "$(git config --get-all lfs.standalonetransferagent)" ]
}

@test "install by a path that PATH does not lead to still works from git" {
	git zllm uninstall >/dev/null
	mkdir elsewhere
	cp "$(command -v git-zllm)" elsewhere/git-zllm
	local program=$T/elsewhere/git-zllm
	PATH=/usr/local/bin:/usr/bin:/bin
	command -v git-zllm >/dev/null && skip 'this machine has git-zllm installed'
	"$program" install >/dev/null
	plain_repo r
	cd r
	"$program" init "$STORE" '*.safetensors' >/dev/null
	make_model model.safetensors
	commit 'A model'
	git push -q
	in_store "$(oid_of model.safetensors)"
	clone_and_compare r
}
