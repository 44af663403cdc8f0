#!/usr/bin/env python3
"""Model check of `gc` and `gc --prune`: refs need owners, owners need manifests; each layer goes through trash.

One object of one repository. ref: some ref of the remote reaches it. O: its owner's marker, M: its manifest; each is live
or not, and may have entries in trash. X: traces (tombstones) of owners that expired, each under a name of its own.
Pushers look for M, put O (nothing happens where it is live), put M where it was missing, then git updates the ref. Pruners
(clones of the repository) mark by the refs and move O; what they destroy leaves a trace, put first. Collectors (who know no
refs) look at O, then at O's entries and traces, then at M, then at M's entries; they move M where O expired and nobody owns
it, destroy traces that say nothing any more, and owners that own nothing (no M, live or in trash). A mark may be acted upon
at any later time; any process may crash anywhere; branches are deleted at any time.
An entry is aged when no push, no copy-delete step and no mark (looks only) that ran when anything of its key changed still
runs: when the youngest of its entries was made, or its live twin deleted, or the live key put or given back. A restore copies,
and does not renew its entry: so it is in a bucket, where entries keep their time.
Invariant: while a ref reaches the object, O and M are each live or in trash.
usage: prune.py PUSHERS PRUNERS COLLECTORS [brought-back] [variant...]
brought-back: a prune also restores entries that are not aged, and owns anew what expired and is reached; and somebody may bring
          an owner back at any time (undelete): it must hold as well
variants: refs-first         pruners read the refs before they fix what is aged
          young-live         an entry is destroyed although the live value of its key is itself young
          own-age            an entry is destroyed by its own age, whatever else its key has
          live-owners-only   collectors count only owners that are live
          delete-owner       pruners delete O at once
          trash-first        collectors list trash before live keys
          restore-purges     a restore destroys its entry in the same run
          sweep-young        collectors destroy an owner's entry that owns nothing, however young
          trace-owns-not     a trace counts although an owner is live or in trash
"""
import sys
from collections import deque
NP, NR, NC = map(int, sys.argv[1:4]); V = set(sys.argv[4:]); IDS = 4; DELETIONS = 1; LIMIT = 8_000_000
IDLE = ('idle',); DONE = ('done',); LOOKS = ('look2', 'look3', 'look4')
# R: ('idle',) ('done',) ('run', todo, pending)      C: these, and (look, aged M, aged O, O is old, what was seen...)

def active(P, R, C, layer):
    """Who holds up the age of what changes now."""
    a = {('p', i) for i, p in enumerate(P) if p not in ('idle', 'done')}
    a |= {('m', i) for i, c in enumerate(C) if c[0] in LOOKS}
    a |= {('q', i) for i, r in enumerate(R) if r[0] in ('refs', 'live')}     # holds up nobody: it knows what came since it began
    for n, H in (('r', R), ('c', C)): a |= {(n, i) for i, h in enumerate(H) if h[0] == 'run' and h[2] and h[2][0] == layer}
    return frozenset(a)

def settle(s):
    ref, dels, O, M, OT, MT, X, P, R, C, n, Ob, Mb = s
    aO, aM = active(P, R, C, 'O'), active(P, R, C, 'M')
    OT = frozenset((e, b & aO) for e, b in OT); MT = frozenset((e, b & aM) for e, b in MT)
    return ref, dels, O, M, OT, MT, X, P, R, C, n, Ob & aO if O else frozenset(), Mb & aM if M else frozenset()

def aged(entries, live, young):
    def holds(b): return any(who != 'q' for who, i in b)
    if 'own-age' in V: return tuple(sorted(e for e, b in entries if not holds(b)))
    if any(holds(b) for e, b in entries) or live and holds(young) and 'young-live' not in V: return ()
    return tuple(sorted(e for e, b in entries))

def came_since(me, young):
    """Whether what a mark sees live was put, or given back, since the mark began: then it is young, and makes nothing needless."""
    return me in young and not V & {'young-live', 'own-age'}

def put(t, i, v): return t[:i] + (v,) + t[i+1:]

def acts(s, who, i, h):
    """Steps of a pruner or collector that has a mark: its list of deeds on layer O or M."""
    ref, dels, O, M, OT, MT, X, P, R, C, n, Ob, Mb = s
    todo = h[1]; name = '%s%d ' % (who, i)
    def make(v, layer='O', live=None, trash=None, X=X, n=n, ids=0):
        R2, C2 = (put(R, i, v), C) if who == 'R' else (R, put(C, i, v))
        O2, M2 = (O if live is None else live, M) if layer == 'O' else (O, M if live is None else live)
        OT2, MT2 = (OT if trash is None else trash, MT) if layer == 'O' else (OT, MT if trash is None else trash)
        Ob2 = active(P, R2, C2, 'O') if O2 and not O else Ob
        Mb2 = active(P, R2, C2, 'M') if M2 and not M else Mb
        return settle((ref, dels, O2, M2, OT2, MT2, X, P, R2, C2, n + ids, Ob2, Mb2))
    yield name + 'crash', make(DONE)
    if not todo: yield name + 'end', make(IDLE if n < IDS else DONE); return
    (op, layer, e), rest = todo[0], todo[1:]
    live, trash = (O, OT) if layer == 'O' else (M, MT)
    go = ('run', rest, None)
    if op == 'move':
        if not live: yield name + 'nothing to move', make(go)
        elif 'delete-owner' in V and who == 'R': yield name + 'deletes O', make(go, layer, False)
        elif n < IDS:
            v = ('run', (('delete', layer, n),) + rest, (layer, n))
            R2, C2 = (put(R, i, v), C) if who == 'R' else (R, put(C, i, v))
            yield name + 'copies %s to trash' % layer, make(v, layer, None, frozenset(trash | {(n, active(P, R2, C2, layer))}), ids=1)
    elif op == 'delete':
        R2, C2 = (put(R, i, go), C) if who == 'R' else (R, put(C, i, go))
        late = active(P, R2, C2, layer)
        yield name + 'deletes ' + layer, make(go, layer, False, frozenset((x, b | late if x == e else b) for x, b in trash))
    elif op == 'restore':
        if not any(x == e for x, b in trash): yield name + 'finds it gone', make(go)
        else: yield name + 'restores ' + layer, make(('run', ((('purge', layer, e),) if 'restore-purges' in V else ()) + rest, None), layer, True)
    elif op == 'purge': yield name + 'destroys an entry of ' + layer, make(go, layer, None, frozenset(x for x in trash if x[0] != e))
    elif op == 'trace':
        if n < IDS: yield name + 'leaves a trace', make(go, X=X | {n}, ids=1)
    elif op == 'adopt': yield name + 'owns O anew', make(go, 'O', True)
    elif op == 'untrace': yield name + 'destroys a trace', make(go, X=X - {e})

def plan(layer, need, live, old, since):
    """What a mark does: `old` are the entries that were aged when it began; `since`: the live one came later."""
    todo = (('move', layer, 0),) if live and not need else ()
    for e in () if since else old:
        if need and not live: todo += (('restore', layer, e),)
        else: todo += ((('trace', layer, e),) if layer == 'O' and not need else ()) + (('purge', layer, e),)
    return todo

def collector(s, i, h):
    ref, dels, O, M, OT, MT, X, P, R, C, n, Ob, Mb = s
    def make(v): return settle((ref, dels, O, M, OT, MT, X, P, R, put(C, i, v), n, Ob, Mb))
    back = 'trash-first' in V
    if h[0] == 'idle':
        yield 'C%d looks 1: %s' % (i, (bool(OT), sorted(X)) if back else O), make(('look2', aged(MT, M, Mb), aged(OT, O, Ob), O and not Ob, (bool(OT), X) if back else O))
        return
    yield 'C%d crash' % i, make(DONE)
    look, oldM, oldO, old, saw = h[0], h[1], h[2], h[3], h[4:]
    if look == 'look2': yield 'C%d looks 2: %s' % (i, O if back else (bool(OT), sorted(X))), make(('look3', oldM, oldO, old) + saw + (O if back else (bool(OT), X),))
    elif look == 'look3': yield 'C%d looks 3: %s' % (i, bool(MT) if back else M), make(('look4', oldM, oldO, old) + saw + (bool(MT) if back else (M, came_since(('m', i), Mb)),))
    else:
        own, (entries, traces), (m, since), mt = (saw[1], saw[0], (M, came_since(('m', i), Mb)), saw[2]) if back else (saw[0], saw[1], saw[2], bool(MT))
        owned = own or (entries and 'live-owners-only' not in V)
        need = not traces if 'trace-owns-not' in V else owned or not traces
        if 'live-owners-only' in V: need = own
        todo = plan('M', need, m, oldM, since)
        nothing = not m and not mt
        if nothing or own and old: todo += tuple(('untrace', 'O', x) for x in sorted(traces))
        if nothing and own and old: todo += (('move', 'O', 0),)
        if nothing: todo += tuple(('purge', 'O', e) for e in (sorted(e for e, b in OT) if 'sweep-young' in V else oldO))
        yield 'C%d looks 4: %s, needed %s' % (i, mt, need), make(('run', todo, None))

def returning(s):
    """What brings O back where it is not live: an entry, of any age; else, where it expired, M being there."""
    ref, dels, O, M, OT, MT, X, P, R, C, n, Ob, Mb = s
    return (('restore', 'O', min(e for e, b in OT)),) if OT else (('adopt', 'O', 0),) if X and (M or MT) else ()

def pruner(s, i, h):
    """A prune's looks: which entries are aged; the refs; live owners; owners in trash. They may be as far apart as they will."""
    ref, dels, O, M, OT, MT, X, P, R, C, n, Ob, Mb = s
    def make(v): return settle(s[:8] + (put(R, i, v),) + s[9:])
    if h[0] == 'idle' and 'refs-first' in V: yield 'R%d reads refs: %s' % (i, ref), make(('begins', ref))
    elif h[0] == 'begins': yield 'R%d begins' % i, make(('live', aged(OT, O, Ob), h[1]))
    elif h[0] == 'idle': yield 'R%d begins' % i, make(('refs', aged(OT, O, Ob)))
    elif h[0] == 'refs': yield 'R%d reads refs: %s' % (i, ref), make(('live', h[1], ref))
    elif h[0] == 'live': yield 'R%d looks: O %s' % (i, O), make(('trash', h[1], h[2], O, came_since(('q', i), Ob)))
    elif h[2] and not h[3] and 'brought-back' in V: yield 'R%d looks into trash' % i, make(('run', returning(s), None))
    else: yield 'R%d looks into trash' % i, make(('run', plan('O', h[2], h[3], tuple(e for e in h[1] if any(x == e for x, b in OT)), h[4]), None))
    if h[0] != 'idle': yield 'R%d crash' % i, make(DONE)

def succ(s):
    ref, dels, O, M, OT, MT, X, P, R, C, n, Ob, Mb = s
    if ref and dels: yield 'branch deleted', settle((False, dels - 1) + s[2:])
    if 'brought-back' in V and not O and returning(s): yield 'undelete', settle((ref, dels, True) + s[3:11] + (active(P, R, C, 'O'), Mb))
    for i, p in enumerate(P):
        def make(v, ref=ref, O2=O, M2=M):
            P2 = put(P, i, v)
            return settle((ref, dels, O2, M2, OT, MT, X, P2, R, C, n, active(P2, R, C, 'O') if O2 and not O else Ob, active(P2, R, C, 'M') if M2 and not M else Mb))
        if p == 'idle': yield 'P%d looks: M %s' % (i, 'live' if M else 'absent'), make('saw' if M else 'need')
        elif p == 'saw': yield 'P%d puts O' % i, make('ready', O2=True)
        elif p == 'need': yield 'P%d puts O ' % i, make('need2', O2=True)
        elif p == 'need2': yield 'P%d puts M' % i, make('ready', M2=True)
        elif p == 'ready': yield 'P%d ref' % i, make('done', ref=True)
        if p not in ('idle', 'done'): yield 'P%d crash' % i, make('done')
    for i, h in enumerate(R):
        if h[0] == 'run': yield from acts(s, 'R', i, h)
        elif h[0] != 'done': yield from pruner(s, i, h)
    for i, h in enumerate(C):
        if h[0] == 'run': yield from acts(s, 'C', i, h)
        elif h[0] != 'done': yield from collector(s, i, h)

none = frozenset()
STARTS = ((False, False, False, none), (True, True, True, none), (False, True, True, none), (False, False, True, none),
          (False, False, True, frozenset({0})), (False, True, False, none))
total = 0
for ref0, O0, M0, X0 in STARTS:
    s0 = (ref0, DELETIONS, O0, M0, none, none, X0, ('idle',) * NP, (IDLE,) * NR, (IDLE,) * NC, 1, none, none)
    came = {s0: None}; q = deque([s0]); bad = None
    while q:
        s = q.popleft()
        if s[0] and ((not s[3] and not s[5]) or (not s[2] and not s[4])): bad = s; break
        for label, t in succ(s):
            if t not in came: came[t] = (s, label); q.append(t)
        if len(came) > LIMIT: print('stopped at', len(came)); break
    total += len(came)
    if bad:
        steps = []
        while came[bad]: bad, label = came[bad]; steps.append(label)
        print(*sorted(V) or ['ok'], NP, NR, NC, 'BROKEN in', len(steps), 'steps:', ' | '.join(reversed(steps))); sys.exit(1)
print(*sorted(V) or ['ok'], NP, NR, NC, 'holds,', total, 'states')
