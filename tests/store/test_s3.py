"""What only a store behind a network can get wrong: answers that break off, are stale, refused or for another."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy_tasks.errors import StoreError
from deploy_tasks.store import Missing, open_store
from deploy_tasks.store.base import seal
from deploy_tasks.store.s3 import TRIES
from tests.support.stores import credentials, s3

DATA = b"0123456789" * 10_000
DIGEST = hashlib.sha256(DATA).hexdigest()
Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def whole(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def cut(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: len(data) * 7 // 10])
    handler.close_connection = True


def cut_without_a_length(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(data[: len(data) * 7 // 10])
    handler.close_connection = True


def stale(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    whole(handler, data[::-1])


def refuse(status: int, code: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, _data: bytes) -> None:
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


busy = refuse(503, "SlowDown")
denied = refuse(403, "ExpiredToken")


class Service:
    """An S3 service with one object, which answers the next requests as told and all later ones well."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.script: list[Answer] = []
        self.requests = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        service, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with lock:
                    service.requests += 1
                    answer = service.script.pop(0) if service.script else whole
                answer(self, service.data)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            with credentials(f"http://127.0.0.1:{server.server_port}"):
                yield "s3://bucket/prefix"
        finally:
            server.shutdown()
            server.server_close()


def left_behind(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "script",
    [[cut], [cut_without_a_length], [stale], [busy, busy], [cut, stale, busy], [stale, cut, cut_without_a_length]],
    ids=["cut", "cut, no length", "stale", "busy twice", "a bad day", "a worse one"],
)
def test_a_passing_fault_is_got_over(script: list[Answer], tmp_path: Path) -> None:
    service = Service(DATA)
    service.script = list(script)
    with service.running() as url:
        assert open_store(url, local=tmp_path).get(DIGEST).read_bytes() == DATA
    assert service.requests == len(script) + 1


@pytest.mark.parametrize("fault", [cut, cut_without_a_length, stale], ids=["cut", "cut, no length", "stale"])
def test_a_lasting_fault_ends_in_an_error_and_never_in_wrong_bytes(fault: Answer, tmp_path: Path) -> None:
    service = Service(DATA)
    service.script = [fault] * 100
    with service.running() as url, pytest.raises(StoreError, match=r"broke off 4 times|has the digest"):
        open_store(url, local=tmp_path).get(DIGEST)
    assert service.requests == TRIES
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "hint"), [(denied, "check the credentials"), (refuse(404, "NoSuchBucket"), "check the bucket's name")]
)
def test_a_refusal_is_told_at_once(fault: Answer, hint: str, tmp_path: Path) -> None:
    service = Service(DATA)
    service.script = [fault] * 100
    with service.running() as url, pytest.raises(StoreError, match="S3 bucket bucket") as caught:
        open_store(url, local=tmp_path).get(DIGEST)
    assert service.requests == 1
    assert hint in (caught.value.hint or "")
    assert not isinstance(caught.value, Missing)


def test_a_service_that_stays_busy_is_asked_a_bounded_number_of_times(tmp_path: Path) -> None:
    service = Service(DATA)
    service.script = [busy] * 100
    with service.running() as url, pytest.raises(StoreError, match="SlowDown"):
        open_store(url, local=tmp_path).get(DIGEST)
    assert service.requests == 3


def test_credentials_that_expire_midway_are_told_and_nothing_is_half(tmp_path: Path) -> None:
    service = Service(DATA)
    service.script = [cut, denied]
    with service.running() as url, pytest.raises(StoreError, match="ExpiredToken"):
        open_store(url, local=tmp_path).get(DIGEST)
    assert left_behind(tmp_path) == []


def test_a_record_that_breaks_off_or_is_damaged_is_read_again(tmp_path: Path) -> None:
    service = Service(seal("a/b", DATA))
    service.script = [cut, cut_without_a_length, stale]
    with service.running() as url:
        assert open_store(url, local=tmp_path).get_record("a/b") == DATA


def test_a_service_that_is_not_there_is_told(tmp_path: Path) -> None:
    with credentials("http://127.0.0.1:9"), pytest.raises(StoreError, match="S3 bucket nobody") as caught:
        open_store("s3://nobody", local=tmp_path).get(DIGEST)
    assert "network" in (caught.value.hint or "")


def test_many_threads_make_their_clients_at_once(tmp_path: Path) -> None:
    with s3(tmp_path) as harness, ThreadPoolExecutor(24) as pool:
        start = threading.Barrier(24)

        def work(number: int) -> bytes:
            start.wait()
            data = b"%d" % number * 1000
            return harness.store.get(harness.store.put(data)).read_bytes()

        assert list(pool.map(work, range(24))) == [b"%d" % number * 1000 for number in range(24)]


def test_what_was_fetched_is_not_fetched_again_unless_it_was_damaged(tmp_path: Path) -> None:
    service = Service(DATA)
    with service.running() as url:
        store = open_store(url, local=tmp_path)
        path = store.get(DIGEST)
        store.get(DIGEST)
        assert service.requests == 1
        path.write_bytes(DATA[:10])
        assert store.get(DIGEST).read_bytes() == DATA
        assert service.requests == 2


def test_what_the_bucket_has_is_not_uploaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3(tmp_path) as harness:
        harness.store.put(DATA)
        source = tmp_path / "same"
        source.write_bytes(DATA)
        # A second upload would have to open the file a second time.
        opened: list[Path] = []
        original = Path.open

        def noticed(path: Path, *arguments: object, **more: object) -> object:
            opened.append(path)
            return original(path, *arguments, **more)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "open", noticed)
        harness.store.put(source)
        assert opened == [source]


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix"])
def test_a_url_without_a_bucket_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="names no bucket"):
        open_store(url, local=tmp_path)
