# git-zllm: one Makefile, not recursive. `make help` lists what it can do.
#
# Floors, each a library of objects that may include only those below it:
#     agent/  ->  index/  ->  codec/  ->  codec/common/
# Flavours live in their own folders: build/ (release), build/asan, build/tsan,
# build/fuzz, build/clang. `make FLAVOUR=asan build/asan/git-zllm` builds one by hand.

# ---------------------------------------------------------------- configuration
VERSION   := 0.1.0
PREFIX    ?= /usr/local
DESTDIR   ?=
CC        := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG     ?= clang
WERROR    := $(if $(CI),-Werror,)

FLAVOUR   ?= release
B_release := build
B_asan    := build/asan
B_tsan    := build/tsan
B_fuzz    := build/fuzz
B_clang   := build/clang
B         := $(B_$(FLAVOUR))

CC_fuzz   := $(CLANG)
CC_clang  := $(CLANG)
# With a sanitizer, -O1 and names of lines alone take half the time to build, and run
# nearly as fast. (gcc then no longer sees how long strings can be; the release does.)
OPT_asan  := -O1 -g1 -Wno-format-truncation
OPT_tsan  := -O1 -g1 -Wno-format-truncation
OPT_fuzz  := -O1 -g1
OPT       ?= $(or $(OPT_$(FLAVOUR)),-O2 -g)
COMPILE   := $(or $(CC_$(FLAVOUR)),$(CC))
SAN_asan  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_tsan  := -fsanitize=thread
SAN_fuzz  := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
SAN       := $(SAN_$(FLAVOUR))

LIBRARIES := libgit2 libcjson yaml-0.1 libzstd libxxhash libcrypto libcurl
WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
             -Wvla -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef $(WERROR)

# CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS are whoever builds the package's, from the
# environment or the command line. Ours stand before them, so that theirs win.
# _FORTIFY_SOURCE wants an optimiser, is not for the sanitizers, and is left to them
# where they set it; -fcf-protection is there on x86 alone.
LEVEL     := $(lastword -O0 $(filter -O%,$(OPT) $(CFLAGS)))
UNFIT     := $(or $(SAN),$(filter -O0,$(LEVEL)),$(findstring -fsanitize,$(CFLAGS)),\
               $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)))
FORTIFY   := $(if $(UNFIT),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
MACHINE   := $(shell $(COMPILE) -dumpmachine 2>/dev/null)
BRANCHES  := $(if $(filter x86_64-% i386-% i486-% i586-% i686-%,$(MACHINE)),-fcf-protection)
OUR_CPPFLAGS := -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DZLLM_VERSION='"$(VERSION)"' $(FORTIFY)
OUR_CFLAGS   := -std=c11 -fvisibility=hidden $(OPT) $(WARN) $(SAN) -pthread \
                -fPIE -fstack-protector-strong $(BRANCHES)
OUR_LDFLAGS  := -pie -Wl,-z,relro -Wl,-z,now
OUR_LDLIBS    = -lm $(LIBS) -pthread
# How a source becomes an object, and objects a program.
CPP_ALL    = $(OUR_CPPFLAGS) $(CPPFLAGS)
C_ALL      = $(OUR_CFLAGS) $(CFLAGS)
LD_ALL     = $(C_ALL) $(OUR_LDFLAGS) $(LDFLAGS)
LIBS_ALL   = $(LDLIBS) $(OUR_LDLIBS)
# Hundreds of test programs: gold, where binutils has it, links each in a third of the time.
# (Not what clang made: gold warns of its sanitizers' symbols.)
LD_TESTS   = $(LD_ALL) $(if $(CC_$(FLAVOUR)),,$(if $(GOLD),-fuse-ld=gold))
GOLD       = $(eval GOLD := $(shell command -v ld.gold 2>/dev/null))$(GOLD)

# ---------------------------------------------------------------- the user's targets
.DEFAULT_GOAL := all
.PHONY: all help deps check check-fast lint models fuzz bench demo install uninstall clean

## all: build/git-zllm
all: | deps
	@$(MAKE) --no-print-directory build/git-zllm

## check: everything that proves the program, in under 15 minutes
check: | deps-check
	@sh tests/check.sh

## check-fast: what a minute has time for, while you work
check-fast: | deps-check
	@sh tests/check.sh quick

## lint: format, static analysis, include floors, lengths
lint: | deps-check
	@sh tests/lint/lint.sh

## models: model checks of what docs/store.md argues about gc, the small ones
models:
	@sh tests/models/run.sh

## fuzz: every fuzz target for FUZZ_SECONDS (default 60) each
fuzz: | deps-check
	@sh tests/fuzz/run.sh $(or $(FUZZ_SECONDS),60)

## kill-points: commands that fail and die at every point, on a folder and on a bucket of Ceph
kill-points: | deps-check
	@sh tests/check.sh kill-points
.PHONY: kill-points

## bit-rot: 10 000 turned bits of a small store, and every failing call of a repair
bit-rot: | deps
	@$(MAKE) --no-print-directory build/test_fsck_rot build/test_fsck
	ZLLM_BIT_ROT=10000 build/test_fsck_rot
	ZLLM_ALL_FAULTS=1 build/test_fsck
.PHONY: bit-rot

# The newest git-annex, from PyPI: Debian's is years older.
build/annex/bin/git-annex:
	python3 -m venv build/annex
	build/annex/bin/pip install --quiet git-annex

## annex: all of git-annex's tests of remotes, its Debian version and the newest, on a folder,
##        on a light S3 server and on Ceph (an hour)
annex: | deps-check
	@$(MAKE) --no-print-directory build/git-zllm
	@sh tests/annex.sh
.PHONY: annex

## flood: ten million markers under one prefix: a gc, checks, a prune and a push, in their memory
flood: | deps
	@$(MAKE) --no-print-directory build/test_flooded_store
	ZLLM_MARKERS=10000000 build/test_flooded_store
.PHONY: flood

## bench: measures this machine, side by side with what others do
bench: | deps-bench
	@$(MAKE) --no-print-directory build/git-zllm build/search_bench build/gc_bench build/recompact_bench
	@sh tests/bench/run.sh

## bench-hub: 2000 models by 1, 2 and 4 workers (HUB_MODELS, HUB_FAMILIES, HUB_BYTES, HUB_SERVER=ceph)
bench-hub: | deps-bench
	@$(MAKE) --no-print-directory build/git-zllm
	@sh tests/bench/hub.sh $(or $(HUB_MODELS),2000) $(or $(HUB_FAMILIES),40) $(or $(HUB_BYTES),10000000) $(HUB_SERVER)
.PHONY: bench-hub

## demo: pushes and clones a family of models with plain git, and prints what was saved
demo: | deps
	@$(MAKE) --no-print-directory build/git-zllm
	@sh tests/demo.sh

## deps: installs what the build and the demo need (apt, as root or with sudo)
deps:
	@sh tests/deps.sh build
.PHONY: deps-check deps-bench
deps-check:
	@sh tests/deps.sh check
deps-bench:
	@sh tests/deps.sh bench

## install: program, man page, completion and hooks below $(DESTDIR)$(PREFIX)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	           $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	           $(DESTDIR)$(PREFIX)/share/git-zllm/hooks
	install -m 755 build/git-zllm $(DESTDIR)$(PREFIX)/bin/git-zllm
	ln -sf git-zllm $(DESTDIR)$(PREFIX)/bin/git-annex-remote-zllm
	install -m 644 docs/git-zllm.1 $(DESTDIR)$(PREFIX)/share/man/man1/git-zllm.1
	install -m 644 docs/completion/git-zllm $(DESTDIR)$(PREFIX)/share/bash-completion/completions/
	install -m 755 hooks/pre-push hooks/post-receive $(DESTDIR)$(PREFIX)/share/git-zllm/hooks/

## uninstall: removes what install put there
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/git-zllm $(DESTDIR)$(PREFIX)/bin/git-annex-remote-zllm \
	      $(DESTDIR)$(PREFIX)/share/man/man1/git-zllm.1 \
	      $(DESTDIR)$(PREFIX)/share/bash-completion/completions/git-zllm
	rm -rf $(DESTDIR)$(PREFIX)/share/git-zllm

## clean: removes build/
clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

# ---------------------------------------------------------------- build
# Every .c file below a floor belongs to it; agent/main.c alone is no library.
LIB_SRC  := $(sort $(wildcard $(foreach floor,codec index agent,$(floor)/*.c $(floor)/*/*.c $(floor)/*/*/*.c)))
LIB_SRC  := $(filter-out agent/main.c,$(LIB_SRC))
LIB_OBJ  := $(LIB_SRC:%.c=$(B)/%.o)
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/%)
# Stores that only tests have: one that fails on a plan, one that counts requests.
UNIT_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/unit/store_*.c)))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/%)

# pkg-config is asked only when something is built, so that `make help` and
# `make deps` work on a machine that has nothing yet.
LIBS      = $(eval LIBS := $(shell pkg-config --libs $(LIBRARIES)))$(LIBS)
PKGCFLAGS = $(eval PKGCFLAGS := $(shell pkg-config --cflags $(LIBRARIES)))$(PKGCFLAGS)

# Changed flags rebuild: their text is a file that every object depends on.
FLAGS := $(COMPILE) $(CPP_ALL) $(C_ALL) $(OUR_LDFLAGS) $(LDFLAGS) $(LDLIBS)
$(B)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' "$(subst ",\",$(FLAGS))" | cmp -s - $@ || \
	 printf '%s\n' "$(subst ",\",$(FLAGS))" > $@
.PHONY: force
force:

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo "  CC   $@"
	@$(COMPILE) $(OUR_CPPFLAGS) $(PKGCFLAGS) $(CPPFLAGS) $(C_ALL) -MMD -MP -c -o $@ $<

$(B)/libzllm.a: $(LIB_OBJ)
	@echo "  AR   $@"
	@rm -f $@ && ar rcs $@ $(LIB_OBJ)

# The second name is that by which git-annex finds it.
$(B)/git-zllm: $(B)/agent/main.o $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_ALL) -o $@ $(B)/agent/main.o $(B)/libzllm.a $(LIBS_ALL)
	@ln -sf git-zllm $(@D)/git-annex-remote-zllm

# ---------------------------------------------------------------- tests
.PHONY: unit-binaries fuzz-binaries corpus-binaries
unit-binaries: $(UNIT_BIN)
$(UNIT_BIN): $(B)/%: $(B)/tests/unit/%.o $(UNIT_OBJ) $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_TESTS) -o $@ $(filter %.o,$^) $(B)/libzllm.a $(LIBS_ALL) -lcmocka

# The AVX-512 kernels in plain C (tests/avx512), in place of the library's own.
# Vectors may overflow, and pass by whatever ABI: all is one program.
EMULATED := $(patsubst %.c,$(B)/emulated/%.o,$(filter-out codec/kernel/kernel_avx512.c,$(wildcard codec/kernel/kernel_avx512*.c)))
$(B)/emulated/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo "  CC   $@"
	@$(COMPILE) -DTARGET_AVX512= -isystem tests/avx512 $(CPP_ALL) $(C_ALL) \
	  -O1 -g0 -Wno-psabi -fwrapv -fno-sanitize=signed-integer-overflow -MMD -MP -c -o $@ $<
$(B)/test_avx512: $(EMULATED)

$(B)/search_bench $(B)/gc_bench: $(B)/%: $(B)/tests/bench/%.o $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_TESTS) -o $@ $< $(B)/libzllm.a $(LIBS_ALL)

# Pushes, clones, collections at once, and their deaths (tests/chaos).
$(B)/chaos: $(B)/tests/chaos/chaos.o $(B)/tests/chaos/actors.o $(UNIT_OBJ) $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_ALL) -o $@ $(filter %.o,$^) $(B)/libzllm.a $(LIBS_ALL) -lcmocka

# Commands that fail and die at every point (tests/points): calls that change a disk go
# through ours, when they are the program's own.
POINTS_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/points/*.c)))
POINTS_WRAP := openat64 pwrite64 fsync mkdirat linkat renameat renameat2 unlinkat
$(B)/points: $(POINTS_OBJ) $(UNIT_OBJ) $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_ALL) $(POINTS_WRAP:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) $(B)/libzllm.a $(LIBS_ALL) -lcmocka

$(B)/recompact_bench: $(B)/tests/bench/recompact_bench.o $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_ALL) -o $@ $< $(B)/libzllm.a $(LIBS_ALL) -lcmocka

# A fuzz target under libFuzzer, and the same linked with a driver that only
# reads files, so that the kept corpora run as ordinary tests.
fuzz-binaries: $(FUZZ_BIN)
$(FUZZ_BIN): $(B)/%: $(B)/tests/fuzz/%.o $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_TESTS) -fsanitize=fuzzer -o $@ $< $(B)/libzllm.a $(LIBS_ALL)
CORPUS_BIN := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=$(B)/corpus_%)
corpus-binaries: $(CORPUS_BIN)
$(CORPUS_BIN): $(B)/corpus_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/corpus_driver.o $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_TESTS) -o $@ $(filter %.o,$^) $(B)/libzllm.a $(LIBS_ALL)

# Golden records (tests/golden/README.md).
$(B)/make_golden $(B)/make_golden_rank $(B)/make_store: $(B)/%: $(B)/tests/golden/%.o $(B)/libzllm.a
	@echo "  LD   $@"
	@$(COMPILE) $(LD_TESTS) -o $@ $< $(B)/libzllm.a $(LIBS_ALL)

# ---------------------------------------------------------------- dependency tracking
.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(B)/agent/main.d $(UNIT_SRC:%.c=$(B)/%.d) $(UNIT_OBJ:.o=.d) $(POINTS_OBJ:.o=.d) $(EMULATED:.o=.d) $(FUZZ_SRC:%.c=$(B)/%.d)
