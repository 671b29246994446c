/** The process of one module: takes invocations from file descriptor 3 until it is told to end, or the server is gone. */

'use strict';

const net = require('node:net');
const { failure } = require('./errors');
const { invoke } = require('./invoke');
const loader = require('./loader');
const { Server } = require('./server');
const shared = require('./shared');
const traps = require('./traps');

const SOCKET = 3;

/** Goes to the server's log, beside what components print. */
const warn = text => process.stderr.write(`${text}\n`);

const running = new Set();
let isEnding = false;

function endWhenIdle() {

    // What was written goes out first.
    if (isEnding && running.size === 0) socket.end(() => process.exit(0));
}

async function run({ id, invocation }) {

    running.add(id);
    try {
        const value = await invoke(id, invocation, server, warn);
        server.write({ kind: 'done', id, value });
    } catch (thrown) {
        server.write({ kind: 'failed', id, failure: failure(thrown) });
    }
    running.delete(id);
    endWhenIdle();
}

traps.set(warn);
// They come to everybody at once, from a terminal or a service manager: the server says when this process is to end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
loader.confine(process.argv[2]);
const socket = new net.Socket({ fd: SOCKET, readable: true, writable: true });
const server = new Server(socket, frame => {
    if (frame.kind === 'invoke') {
        shared.complete(frame.invocation);
        run(frame);
    } else if (frame.kind === 'share') {
        shared.learn(frame);
    } else if (frame.kind === 'forget') {
        shared.forget();
    } else if (frame.kind === 'end') {
        isEnding = true;
        endWhenIdle();
    }
});
for (const event of ['end', 'close', 'error']) socket.on(event, () => process.exit(0));
server.write({ kind: 'ready' });
