# SPDX-License-Identifier: Apache-2.0
"""A service manager's ear: what a daemon says to it, one word a line, as it
comes. notified.py SOCKET FILE"""
import os
import socket
import sys

ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
with open(sys.argv[2], "a", encoding="utf-8") as out:
    while True:
        for line in ear.recv(65536).decode(errors="replace").splitlines():
            out.write(line + "\n")
        out.flush()
