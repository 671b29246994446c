/** The worker's end of the socket: calls go out, their answers come back. */

'use strict';

const frames = require('./frames');
const { tooBig } = require('./errors');

/** An error that the server has answered with. */
function answered({ message, code, name }) {

    const err = new Error(message);
    if (code !== undefined) err.code = code;
    if (name !== undefined) err.name = name;
    return err;
}

class Server {

    /** `onFrame` gets what is no answer. */
    constructor(stream, onFrame) {

        this.stream = stream;
        this.waiting = new Map();
        this.lastCall = 0;
        this.isCorked = false;
        frames.read(stream, frame => frame.kind === 'answer' ? this.answer(frame) : onFrame(frame));
    }

    write(frame) {

        this.post(frames.encode(frame));
    }

    /** What is written in one turn goes out together. */
    post(bytes) {

        if (!this.isCorked) {
            this.isCorked = true;
            this.stream.cork();
            process.nextTick(() => {
                this.isCorked = false;
                this.stream.uncork();
            });
        }
        this.stream.write(bytes);
    }

    /** Asks the server for something in the name of the invocation `id`. */
    call(id, name, args, limit = Infinity) {

        const call = ++this.lastCall;
        const bytes = frames.encode({ kind: 'call', id, call, name, args });
        if (bytes.length > limit) return Promise.reject(tooBig(`What "${name}" is given`, bytes.length, limit));
        return new Promise((resolve, reject) => {
            this.waiting.set(call, { resolve, reject });
            this.post(bytes);
        });
    }

    answer({ call, value, error }) {

        const waiting = this.waiting.get(call);
        this.waiting.delete(call);
        if (error) waiting?.reject(answered(error));
        else waiting?.resolve(value ?? null);
    }
}

module.exports = { Server };
