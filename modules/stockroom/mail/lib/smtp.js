'use strict';

/** A small SMTP client (RFC 5321) with TLS, STARTTLS, AUTH PLAIN and AUTH LOGIN. */

const net = require('node:net');
const os = require('node:os');
const tls = require('node:tls');

const CONNECT_TIMEOUT_MS = 20000;
const REPLY_TIMEOUT_MS = 60000;
/** RFC 5321 gives a server ten minutes for a message; the engine would give up earlier. */
const DATA_TIMEOUT_MS = 300000;
const MAX_REPLY = 65536;

/** An answer of the server that is not the hoped-for one. 4xx may pass by itself, 5xx will not. */
class SmtpError extends Error {

    constructor(step, code, text) {

        super(`The mail server refused ${step}: ${code} ${text}`);
        this.name = 'SmtpError';
        this.code = code;
        this.text = text;
        this.permanent = code >= 500;
    }
}

/** Reads the settings of an account; `config` may hold `caCertificate`. */
function settings(account, config = {}) {

    const host = String(account.host ?? '').trim();
    if (!/^[\p{L}\p{N}.:_-]{1,253}$/u.test(host)) throw new Error('The mail server has no valid host name.');
    let security = String(account.security ?? '').trim().toLowerCase();
    const given = String(account.port ?? '').trim();
    if (!security) security = given === '465' ? 'tls' : 'starttls';
    if (!['tls', 'starttls', 'none'].includes(security)) throw new Error('The encryption must be tls, starttls or none.');
    const port = given ? Number(given) : { tls: 465, starttls: 587, none: 25 }[security];
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error('The port must be a number from 1 to 65535.');
    return { host, port, security, username: account.username || '', password: account.password || '', ca: config?.caCertificate || undefined };
}

class Connection {

    constructor(socket) {

        this.replies = [];
        this.lines = [];
        this.attach(socket);
    }

    attach(socket) {

        this.socket = socket;
        this.buffer = '';
        this.failure = null;
        socket.on('data', chunk => this.read(chunk));
        socket.on('error', err => this.fail(new Error(`The connection to the mail server broke (${err.code ?? err.message}).`)));
        socket.on('close', () => this.fail(new Error('The mail server closed the connection.')));
    }

    fail(err) {

        this.failure ??= err;
        this.waiting?.reject(this.failure);
        this.waiting = null;
    }

    /** Gathers lines until one ends a reply: `250-` goes on, `250 ` is the last. */
    read(chunk) {

        this.buffer += chunk.toString('utf8');
        if (this.buffer.length > MAX_REPLY) {
            this.socket.destroy();
            return this.fail(new Error('The mail server sent an answer that is too long.'));
        }
        for (let end = this.buffer.indexOf('\n'); end >= 0; end = this.buffer.indexOf('\n')) {
            const line = this.buffer.slice(0, end).replace(/\r$/, '');
            this.buffer = this.buffer.slice(end + 1);
            this.lines.push(line.slice(4));
            if (!/^\d{3}-/.test(line)) {
                this.replies.push({ code: /^\d{3}( |$)/.test(line) ? Number(line.slice(0, 3)) : 0, lines: this.lines });
                this.lines = [];
            }
            if (this.lines.length > 200) {
                this.socket.destroy();
                return this.fail(new Error('The mail server sent an answer that is too long.'));
            }
        }
        if (this.replies.length && this.waiting) {
            this.waiting.resolve(this.replies.shift());
            this.waiting = null;
        }
    }

    reply(timeout = REPLY_TIMEOUT_MS) {

        if (this.replies.length) return Promise.resolve(this.replies.shift());
        if (this.failure) return Promise.reject(this.failure);
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.socket.destroy();
                this.fail(new Error('The mail server did not answer in time.'));
            }, timeout);
            const settle = done => value => {
                clearTimeout(timer);
                done(value);
            };
            this.waiting = { resolve: settle(resolve), reject: settle(reject) };
        });
    }

    /** Waits for a reply and checks its code. `step` is for the error text; it never holds a secret. */
    async expect(step, codes, timeout) {

        const reply = await this.reply(timeout);
        if (!codes.includes(reply.code)) throw new SmtpError(step, reply.code, reply.lines.join(' ').slice(0, 500));
        return reply;
    }

    async command(line, step, codes, timeout) {

        if (/[\r\n]/.test(line)) throw new Error('A mail command must not have a line break.');
        this.socket.write(`${line}\r\n`);
        return this.expect(step, codes, timeout);
    }

    async hello() {

        const name = os.hostname().replace(/[^A-Za-z0-9.-]/g, '') || 'localhost';
        const reply = await this.command(`EHLO ${name}`, 'the greeting', [250]);
        this.features = new Map(reply.lines.slice(1).map(line => {
            const [key, ...rest] = line.trim().toUpperCase().split(/\s+/);
            return [key, rest];
        }));
    }

    async startTls({ host, ca }) {

        if (!this.features.has('STARTTLS')) throw new Error('The mail server does not offer STARTTLS. Nothing was sent.');
        await this.command('STARTTLS', 'STARTTLS', [220]);
        // Whatever came in clear text after the answer could have been put there by somebody else.
        if (this.buffer || this.replies.length || this.lines.length) {
            this.socket.destroy();
            throw new Error('The mail server sent data before the encryption began.');
        }
        const plain = this.socket;
        plain.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close');
        this.attach(await secure({ socket: plain, host, ca }));
    }

    async signIn({ username, password }) {

        const offered = this.features.get('AUTH') ?? [];
        if (offered.includes('PLAIN')) {
            const token = Buffer.from(`\0${username}\0${password}`).toString('base64');
            await this.command(`AUTH PLAIN ${token}`, 'the sign-in', [235]);
        } else if (offered.includes('LOGIN')) {
            await this.command('AUTH LOGIN', 'the sign-in', [334]);
            await this.command(Buffer.from(username).toString('base64'), 'the user name', [334]);
            await this.command(Buffer.from(password).toString('base64'), 'the sign-in', [235]);
        } else {
            throw new Error('The mail server offers no way to sign in that is supported (PLAIN or LOGIN).');
        }
    }

    /** Sends one message; refused recipients are named as long as one was accepted. */
    async send({ from, recipients, message }) {

        const size = Buffer.byteLength(message);
        const limit = Number(this.features.get('SIZE')?.[0] ?? 0);
        if (limit && size > limit) throw new SmtpError('the message', 552, `It has ${size} bytes; the server takes ${limit}.`);
        const needsUtf8 = [from, ...recipients].some(address => !/^[\x20-\x7e]*$/.test(address));
        if (needsUtf8 && !this.features.has('SMTPUTF8')) {
            throw new SmtpError('an address', 553, 'It has letters outside ASCII before the @, which this server cannot carry.');
        }
        const parameters = (this.features.has('SIZE') ? ` SIZE=${size}` : '') + (needsUtf8 ? ' SMTPUTF8' : '');
        await this.command(`MAIL FROM:<${from}>${parameters}`, 'the sender', [250]);

        const accepted = [];
        const refused = [];
        let last;
        for (const address of recipients) {
            try {
                await this.command(`RCPT TO:<${address}>`, 'a recipient', [250, 251, 252]);
                accepted.push(address);
            } catch (err) {
                if (!(err instanceof SmtpError)) throw err;
                refused.push({ address, reason: `${err.code} ${err.text}` });
                // One that may work later decides, so that the message is tried again.
                if (!last || !err.permanent) last = err;
            }
        }
        if (!accepted.length) throw last;
        await this.command('DATA', 'the message', [354]);
        const body = message.replace(/\r\n|\r|\n/g, '\r\n').replace(/^\./gm, '..');
        this.socket.write(body.endsWith('\r\n') ? body : `${body}\r\n`);
        this.socket.write('.\r\n');
        const reply = await this.expect('the message', [250], DATA_TIMEOUT_MS);
        return { accepted, refused, response: `${reply.code} ${reply.lines.join(' ')}`.slice(0, 500) };
    }

    async quit() {

        try {
            await this.command('QUIT', 'goodbye', [221], 5000);
        } catch {
            // The message is delivered; how the server hangs up does not matter.
        }
        this.close();
    }

    close() {

        this.socket.removeAllListeners('close');
        this.socket.destroy();
    }
}

function opened(socket, event, host) {

    return new Promise((resolve, reject) => {
        const fail = message => {
            socket.destroy();
            reject(new Error(message));
        };
        const timer = setTimeout(() => fail(`The mail server ${host} did not answer in time.`), CONNECT_TIMEOUT_MS);
        const onError = err => {
            clearTimeout(timer);
            fail(`No connection to the mail server ${host} (${err.code ?? err.message}).`);
        };
        socket.once('error', onError);
        socket.once(event, () => {
            clearTimeout(timer);
            socket.removeListener('error', onError);
            resolve(socket);
        });
    });
}

function secure({ socket, host, port, ca }) {

    const target = socket ? { socket } : { host, port };
    const options = { ...target, servername: net.isIP(host) ? '' : host, ca, minVersion: 'TLSv1.2' };
    return opened(tls.connect(options), 'secureConnect', host);
}

/** Connects, encrypts and signs in. The caller closes the connection with `quit` or `close`. */
async function connect(account) {

    const { host, port, security, username } = account;
    const socket = security === 'tls'
        ? await secure(account)
        : await opened(net.connect({ host, port }), 'connect', host);
    const connection = new Connection(socket);
    try {
        await connection.expect('the connection', [220]);
        await connection.hello();
        if (security === 'starttls') {
            await connection.startTls(account);
            await connection.hello();
        }
        if (username) await connection.signIn(account);
        return connection;
    } catch (err) {
        connection.close();
        throw err;
    }
}

module.exports = { connect, settings, SmtpError };
