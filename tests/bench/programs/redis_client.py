"""redis_client.py BENCHMARK PORT N - N requests of each kind to the server at 127.0.0.1:PORT, which
is then told to end. Prints the time of the requests as JSON; a server that does not answer within
30 s is an error."""

import json
import socket
import subprocess
import sys
import time

benchmark, port, n_requests = sys.argv[1:]


def command(line, deadline):
    while True:
        try:
            with socket.create_connection(("127.0.0.1", int(port)), timeout=5) as server:
                server.sendall(line + b"\r\n")
                return server.recv(100)
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"no server at 127.0.0.1:{port}")
            time.sleep(0.01)


while command(b"PING", time.monotonic() + 30) != b"+PONG\r\n":
    time.sleep(0.01)
start = time.monotonic_ns()
subprocess.run([benchmark, "-h", "127.0.0.1", "-p", port, "-q", "-n", n_requests, "-c", "20", "-r",
                "100000", "-d", "100", "-P", "16", "-t", "set,get,lpush,hset"],
               check=True, stdout=subprocess.DEVNULL)
wall_ns = time.monotonic_ns() - start
command(b"SHUTDOWN NOSAVE", time.monotonic() + 5)
print(json.dumps({"wall_ns": wall_ns}))
