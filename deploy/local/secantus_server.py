# SPDX-License-Identifier: GPL-2.0-only
#
# This file, and this file alone, is a program that uses SecantusDB, which is licensed under version 2 of the
# GNU General Public License; so this file is licensed under the same terms, WITHOUT ANY WARRANTY. The
# license's text comes with the installed package. Nothing else of Rapport imports SecantusDB or this file:
# it always runs as a process of its own, which the rest talks to over the network with MongoDB's protocol
# and which MongoDB replaces in production.
"""The embedded database's process: `python secantus_server.py --port P --data DIR`."""

import argparse
import itertools
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from secantus import SecantusDBServer, commands, query, server, storage
from secantus.projection import apply_projection_batch
from secantus.storage import Storage
from secantus.transactions import TransactionRegistry, TxnState
from wiredtiger import swig_wiredtiger  # type: ignore[import-untyped]
from wiredtiger.intpacking import pack_int, unpack_int  # type: ignore[import-untyped]

Query = dict[str, Any]
_BOUNDS = {"$gt", "$gte", "$lt", "$lte"}
_PLAIN = {"find", "insert", "update", "delete", "findAndModify", "aggregate", "count"}


def quicken() -> None:
    """Shortcuts with the same answers, without which the time of a query grows with its collection.

    As installed, `$in` compares every document with every value (500 ids: 200 ms); a query with `$or` or
    `$expr` beside an indexed field, and a range of `_id`, read the whole collection; and a sorted query with
    a limit reads and decodes everything that matches before it takes the first few.
    """
    slow_operator = query._op_matches
    slow_plan = Storage._try_index_id_keys
    slow_find = Storage.find_matching
    wanted = threading.local()

    def operator(values: list[Any], op: str, arg: Any, collation: Any = None, **more: Any) -> bool:
        if op == "$in" and collation is None and len(values) == 1 and type(values[0]) is str:
            if getattr(wanted, "arg", None) is not arg:
                plain = type(arg) is list and all(type(each) is str for each in arg)
                wanted.arg, wanted.texts = arg, frozenset(arg) if plain else None
            if wanted.texts is not None:
                return values[0] in wanted.texts
        return bool(slow_operator(values, op, arg, collation, **more))

    def plan(self: Storage, db: str, coll: str, where: Query, *, collation: Any = None) -> Any:
        # What an index finds is a superset: callers check every document against the whole query anyway.
        rest = {field: clause for field, clause in where.items() if not field.startswith("$")}
        if _is_range(rest.get("_id")) and not self._is_timeseries(db, coll):
            return list(_in_order(self, db, coll, rest, "_id") or ())
        return slow_plan(self, db, coll, rest, collation=collation)

    def find(self: Storage, db: str, coll: str, where: Query | None = None, **more: Any) -> Any:
        where, sort, limit = where or {}, more.get("sort") or {}, more.get("limit") or 0
        odd = [key for key in more if more[key] and key not in ("sort", "limit", "skip", "projection", "let")]
        if not limit or odd or list(sort.values()) != [1] or db in ("admin", "local"):
            return slow_find(self, db, coll, where, **more)
        enough, let = limit + (more.get("skip") or 0), more.get("let")
        found: list[Query] = []
        self._refresh_read_snapshot()
        with self._lock:
            rows = _in_order(self, db, coll, where, next(iter(sort)))
            if rows is None:
                return slow_find(self, db, coll, where, **more)
            while len(found) < enough and (some := list(itertools.islice(rows, max(16, enough)))):
                for document in self._docs_by_recordids(db, coll, some):
                    if query.matches(document, where, vars=let):
                        found.append(document)
        found = found[more.get("skip") or 0 : enough]
        if more.get("projection"):
            return apply_projection_batch(found, more["projection"], where, metas=None, has_sort=True)
        return found

    query._op_matches = operator
    Storage._try_index_id_keys = plan
    Storage.find_matching = find
    _remember_indexes()
    _pack_quickly()


def _remember_indexes() -> None:
    """Within one statement, read a collection's options and the list of its indexes once per snapshot.

    As installed the list is read 14 times for one update, a third of the time of a transaction. And every
    command reads whether it is to be profiled; this server is never asked to profile.
    """
    slow_dispatch, slow_indexes = server.dispatch, Storage._iter_indexes
    slow_lock, slow_refresh = Storage._coll_lock, Storage._refresh_read_snapshot
    slow_mark, slow_options = Storage._maybe_mark_multikey, Storage._coll_options

    def dispatch(body: Query, context: Any) -> Any:
        # Not for statements that change indexes; and never longer than one statement.
        context.storage._tls.indexes = {} if next(iter(body), "") in _PLAIN else None
        return slow_dispatch(body, context)

    def indexes(self: Storage, db: str, coll: str) -> Any:
        known = getattr(self._tls, "indexes", None)
        if known is None:
            return slow_indexes(self, db, coll)
        if (db, coll) not in known:
            known[db, coll] = list(slow_indexes(self, db, coll))
        return [(name, dict(keys), dict(options)) for name, keys, options in known[db, coll]]

    def options(self: Storage, db: str, coll: str) -> Any:
        known = getattr(self._tls, "indexes", None)
        if known is None or (db, coll, "options") not in known:
            found = slow_options(self, db, coll)
            if known is None or found is None:  # a collection that is not there may be made by this statement
                return found
            known[db, coll, "options"] = found
        return dict(known[db, coll, "options"])

    def forget(self: Storage) -> None:
        if getattr(self._tls, "indexes", None):
            self._tls.indexes.clear()

    def lock(self: Storage, db: str, coll: str) -> Any:
        forget(self)  # whoever held the lock before us may have made an index
        return slow_lock(self, db, coll)

    def refresh(self: Storage) -> None:
        forget(self)
        slow_refresh(self)

    def mark(self: Storage, db: str, coll: str, document: Any, listed: Any, marked: set[str]) -> Any:
        before = len(marked)
        found = slow_mark(self, db, coll, document, listed, marked)
        if len(found) != before:
            forget(self)
        return found

    server.dispatch, Storage._iter_indexes = dispatch, indexes
    Storage._coll_lock, Storage._refresh_read_snapshot = lock, refresh
    Storage._maybe_mark_multikey, Storage._coll_options = mark, options
    commands._maybe_record_profile = lambda *_: None


def _pack_quickly() -> None:
    """WiredTiger's keys, packed and unpacked without interpreting the format letter by letter each time."""
    slow_pack, slow_unpack = swig_wiredtiger.pack, swig_wiredtiger.unpack
    # Texts that end with a zero byte each, then nothing, raw bytes or a packed integer.
    known = {
        "S" * count + last: (count, last) for count in range(5) for last in ("", "u", "q") if count or last
    }

    def pack(form: str, *values: Any) -> bytes:
        if form not in known:
            return bytes(slow_pack(form, *values))
        count, last = known[form]
        texts = values[:count]
        plain = len(values) == count + len(last) and all(
            type(each) is str and "\0" not in each for each in texts
        )
        if not plain or (last == "u" and type(values[-1]) is not bytes):
            return bytes(slow_pack(form, *values))
        head = "".join(each + "\0" for each in texts).encode()
        if not last:
            return head
        return bytes(head + (values[-1] if last == "u" else pack_int(values[-1])))

    def unpack(form: str, packed: Any) -> Any:
        if form not in known or type(packed) is not bytes:
            return slow_unpack(form, packed)
        count, last = known[form]
        parts = packed.split(b"\0", count)
        found: list[Any] = [each.decode() for each in parts[:count]]
        if last:
            found.append(parts[count] if last == "u" else unpack_int(parts[count])[0])
        return found

    swig_wiredtiger.pack, swig_wiredtiger.unpack = pack, unpack


def untangle() -> None:
    """Reap idle transactions without waiting for busy ones.

    As installed, the reaper waits for the lock of each transaction while it holds the lock of all: a
    statement that waits for another transaction's rows, whose commit waits for the lock of all, stops the
    server for ever. A transaction whose lock is taken is running a statement, so it is not idle. And looking at
    all of them at every statement took as long as encoding all replies: ten times a second is enough.
    """
    looked: dict[TransactionRegistry, float] = {}

    def prune(self: TransactionRegistry) -> int:
        now = self._time()
        if 0 <= now - looked.get(self, float("-inf")) < 0.1:
            return 0
        looked[self] = now
        cutoff, reaped = now - self._lifetime, 0
        for txn in list(self._txns.values()):
            if not txn.mutex.acquire(blocking=False):
                continue
            try:
                if txn.state is TxnState.IN_PROGRESS and txn.last_use < cutoff:
                    self._rollback_quietly(txn)
                    txn.state = TxnState.ABORTED
                    reaped += 1
            finally:
                txn.mutex.release()
        return reaped

    TransactionRegistry._prune_locked = prune


def _is_range(clause: Any) -> bool:
    return isinstance(clause, dict) and bool(clause) and set(clause) <= _BOUNDS


def _in_order(self: Storage, db: str, coll: str, where: Query, field: str) -> Iterator[int] | None:
    """Record ids of at least all documents that match, in ascending order of `field`; None: no index gives
    that.
    """
    clause = where.get(field)
    bounds = clause if isinstance(clause, dict) and _is_range(clause) else {}
    low = next((bounds[op] for op in ("$gt", "$gte") if op in bounds), None)
    high = next((bounds[op] for op in ("$lt", "$lte") if op in bounds), None)
    if field == "_id":
        if self._is_timeseries(db, coll):
            return None
        start, end = (None if bound is None else storage.encode_id_key(bound) for bound in (low, high))
        return _walk(self, storage._NAT_SEQ_TABLE, (db, coll), start or b"", b"", end)
    partial = self._partial_filters(db, coll)
    options = self._index_options_map(db, coll)
    for name, keys, sparse, _unique in self._all_indexes(db, coll):
        fields = list(keys)
        if field not in fields or sparse or name in partial or any(way != 1 for way in keys.values()):
            continue
        before = [where.get(each) for each in fields[: fields.index(field)]]
        plain = all(type(value) in (str, int, bool) for value in before)
        if not plain or options.get(name, {}).get("collation") or self.index_is_multikey(db, coll, name):
            continue
        prefix = b"".join(storage.encode_value_directed(each, 1) + storage.COMPOUND_SEP for each in before)
        start, end = (
            None if bound is None else storage._escape_kb(prefix + storage.encode_value_directed(bound, 1))
            for bound in (low, high)
        )
        prefix = storage._escape_kb(prefix)
        return _walk(self, storage._IDX_ENTRIES_TABLE, (db, coll, name), start or prefix, prefix, end)
    return None


def _walk(
    self: Storage, table: str, at: tuple[str, ...], start: bytes, prefix: bytes, end: bytes | None
) -> Iterator[int]:
    cursor = self._cursor(table)
    cursor.set_key(*at, start)
    near = cursor.search_near()
    if near == storage.wt.WT_NOTFOUND or (near < 0 and cursor.next() != 0):
        return
    while True:
        key = cursor.get_key()
        packed = bytes(key[-1])
        if tuple(key[:-1]) != at or not packed.startswith(prefix):
            return
        if end is not None and packed > end and not packed.startswith(end):
            return
        record = cursor.get_value() if table == storage._NAT_SEQ_TABLE else storage._unpack_entry(packed)[1]
        if record is not None:
            yield int(record)
        if cursor.next() != 0:
            return


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--data", required=True)
    options.add_argument("--replica-set", default="rapport")
    options.add_argument("--transaction-seconds", type=float, default=5.0)
    options.add_argument("--test-commands", action="store_true")
    chosen = options.parse_args()
    quicken()
    untangle()
    database = SecantusDBServer(
        host="127.0.0.1",
        port=chosen.port,
        storage_path=chosen.data,
        replica_set_name=chosen.replica_set,
        enable_test_commands=chosen.test_commands,
        sync_on_commit=True,
        durable=True,
        transaction_lifetime_seconds=chosen.transaction_seconds,
        ttl_sweep_seconds=10.0,
        client_idle_timeout_s=3600.0,
        cache_size="512M",
    )
    # Nothing reads change streams here, and the log behind them doubles what every commit writes. The server
    # must still present itself as a replica set, or drivers would refuse transactions.
    database.storage.enable_oplog = False
    ended = threading.Event()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    database.start()
    # The server reaps idle transactions only when another one comes by; a plain write that waits for a
    # document which a killed client's transaction holds would wait for ever.
    while not ended.wait(1.0):
        database.transactions.prune_expired()
    database.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
