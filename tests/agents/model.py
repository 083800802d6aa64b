"""A model that says what a test scripted: the two APIs that Claude Code and Codex speak, on this machine alone."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Call = tuple[str, dict[str, Any] | str]
"""A tool and its arguments; text for one that takes text."""


@dataclass
class Script:
    """What the model asks for, one call a turn, and what it was told.

    Attributes:
        results: what each tool answered.
        tools: the tools it was offered.
    """

    calls: list[Call]
    results: list[str] = field(default_factory=list)
    tools: dict[str, Any] = field(default_factory=dict)
    said: int = 0

    def next(self) -> Call | None:
        """The next call; None when the model is done."""
        self.said += 1
        return self.calls[self.said - 1] if self.said <= len(self.calls) else None


@contextlib.contextmanager
def model(script: Script) -> Iterator[str]:
    """Serve a script; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            path = self.path.partition("?")[0]
            if path.endswith("/messages"):
                self._stream(_messages(script, body))
            elif path.endswith("/responses"):
                self._stream(_responses(script, body))
            else:
                self._answer(b'{"input_tokens": 1}', "application/json")

        def do_GET(self) -> None:
            self._answer(b'{"data": [], "models": []}', "application/json")

        def _stream(self, events: Iterator[dict[str, Any]]) -> None:
            text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
            self._answer(text.encode(), "text/event-stream")

        def _answer(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    return Handler


def _messages(script: Script, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Answer as Anthropic's Messages API does."""
    is_asked = bool(body.get("tools"))  # without tools it is about a title or the like
    if is_asked:
        script.tools = {tool["name"]: tool for tool in body["tools"]}
        script.results = [
            json.dumps(block["content"])
            for message in body["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
            if block["type"] == "tool_result"
        ]
    call = script.next() if is_asked else None
    message = {"id": "m", "type": "message", "role": "assistant", "model": body["model"], "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    yield {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}}
    if call:
        block = {"type": "tool_use", "id": f"toolu_{script.said}", "name": call[0], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
    else:
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": "done"}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    reason = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": reason, "usage": {"output_tokens": 1}}
    yield {"type": "message_stop"}


def _responses(script: Script, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Answer as OpenAI's Responses API does."""
    script.tools = {tool.get("name", tool["type"]): tool for tool in body.get("tools", [])}
    script.results = [
        json.dumps(item["output"])
        for item in body["input"]
        if item["type"] in {"function_call_output", "custom_tool_call_output"}
    ]
    call = script.next()
    answer = {"id": f"resp_{script.said}", "object": "response", "status": "in_progress", "output": []}
    yield {"type": "response.created", "response": answer}
    identity = {"id": f"item_{script.said}", "call_id": f"call_{script.said}"}
    if call is None:
        text = {"type": "output_text", "text": "done", "annotations": []}
        item = {"type": "message", "id": "msg", "role": "assistant", "content": [text]}
    elif isinstance(call[1], str):
        item = {"type": "custom_tool_call", **identity, "name": call[0], "input": call[1]}
    else:
        item = {"type": "function_call", **identity, "name": call[0], "arguments": json.dumps(call[1])}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    yield {"type": "response.completed", "response": {**answer, "status": "completed", "output": [], "usage": usage}}
