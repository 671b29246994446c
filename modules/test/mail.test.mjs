import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { createRequire } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';
import { describe, it } from 'node:test';
import { Component, World, cancels, fails } from './context.mjs';

const require = createRequire(import.meta.url);
const auth = require('../stockroom/mail/auth.js');
const smtp = require('../stockroom/mail/lib/smtp.js');

// ---------------------------------------------------------------- a certificate of our own, for this run only

function der(tag, ...parts) {

    const content = Buffer.concat(parts.map(part => Buffer.from(part)));
    const { length } = content;
    const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
    return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function certificate() {

    const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ecdsaSha256 = der(0x30, der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
    const name = der(0x30, der(0x31, der(0x30, der(0x06, [0x55, 0x04, 0x03]), der(0x0c, 'localhost'))));
    const time = date => der(0x17, `${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`);
    const alternatives = der(0x30, der(0x82, 'localhost'), der(0x87, [127, 0, 0, 1]));
    const extensions = der(0xa3, der(0x30,
        der(0x30, der(0x06, [0x55, 0x1d, 0x11]), der(0x04, alternatives)),
        der(0x30, der(0x06, [0x55, 0x1d, 0x13]), der(0x01, [0xff]), der(0x04, der(0x30, der(0x01, [0xff]))))));
    const body = der(0x30,
        der(0xa0, der(0x02, [2])), der(0x02, [1]), ecdsaSha256, name,
        der(0x30, time(new Date(Date.now() - 86400000)), time(new Date(Date.now() + 86400000))), name,
        publicKey.export({ type: 'spki', format: 'der' }), extensions);
    const signature = crypto.sign('sha256', body, privateKey);
    const whole = der(0x30, body, ecdsaSha256, der(0x03, [0], signature));
    return {
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
    };
}

const { key, cert } = certificate();

// ---------------------------------------------------------------- a mail server

/** Speaks SMTP as far as a client can tell; `options` make it behave in special ways. */
async function mailServer(t, options = {}) {

    const { security = 'none', features = ['SIZE 1000000', 'AUTH PLAIN LOGIN'], refuse = {}, answers = {}, inject = '' } = options;
    const log = { commands: [], messages: [], secure: false };
    const sockets = new Set();

    const serve = socket => {
        sockets.add(socket);
        let buffer = '';
        let data = null;
        let login = [];
        const say = text => socket.write(`${text}\r\n`);
        const line = text => {
            log.commands.push(text);
            const verb = text.split(/[ :]/)[0].toUpperCase();
            if (answers[verb]) return say(answers[verb]);
            if (login.length === 1) {
                login.push(Buffer.from(text, 'base64').toString());
                return say('334 UGFzc3dvcmQ6');
            }
            if (login.length === 2) {
                const good = login[1] === 'shop' && Buffer.from(text, 'base64').toString() === 'p äss';
                login = [];
                return say(good ? '235 2.7.0 OK' : '535 5.7.8 No');
            }
            if (verb === 'EHLO') {
                const offered = security === 'starttls' && !log.secure ? ['STARTTLS'] : features;
                return say(['250-mail.example greets you', ...offered.map((feature, i) => `250${i < offered.length - 1 ? '-' : ' '}${feature}`)].join('\r\n'));
            }
            if (verb === 'STARTTLS') {
                socket.write(`220 go ahead\r\n${inject}`);
                socket.removeAllListeners('data');
                const secured = new tls.TLSSocket(socket, { isServer: true, key, cert });
                secured.on('error', () => {});
                log.secure = true;
                return serve(secured);
            }
            if (verb === 'AUTH' && /^AUTH LOGIN$/i.test(text)) {
                login = ['login'];
                return say('334 VXNlcm5hbWU6');
            }
            if (verb === 'AUTH') {
                const [, user, password] = Buffer.from(text.split(' ')[2], 'base64').toString().split('\0');
                return say(user === 'shop' && password === 'p äss' ? '235 2.7.0 OK' : '535 5.7.8 Bad credentials');
            }
            if (verb === 'RCPT') {
                const address = /<(.*)>/.exec(text)[1];
                return say(refuse[address] ?? '250 2.1.5 OK');
            }
            if (verb === 'DATA') {
                data = '';
                return say('354 go on');
            }
            if (verb === 'QUIT') {
                say('221 bye');
                return socket.end();
            }
            return say('250 2.0.0 OK');
        };
        socket.on('error', () => {});
        socket.on('data', chunk => {
            buffer += chunk.toString('utf8');
            for (;;) {
                if (data !== null) {
                    data += buffer;
                    buffer = '';
                    const end = data.indexOf('\r\n.\r\n');
                    if (end < 0) return;
                    log.messages.push(data.slice(0, end + 2));
                    buffer = data.slice(end + 5);
                    data = null;
                    say(answers.message ?? '250 2.0.0 queued as 42');
                }
                const end = buffer.indexOf('\r\n');
                if (end < 0) return;
                const text = buffer.slice(0, end);
                buffer = buffer.slice(end + 2);
                line(text);
            }
        });
    };
    const greet = socket => {
        serve(socket);
        if (options.greeting !== null) socket.write(`${options.greeting ?? '220 mail.example ESMTP'}\r\n`);
    };
    const server = security === 'tls' ? tls.createServer({ key, cert }, greet) : net.createServer(greet);
    server.on('tlsClientError', () => {});
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
    });
    const account = {
        host: '127.0.0.1', port: String(server.address().port), security, username: 'shop', password: 'p äss', sender: 'The "Shop" <shop@example.com>'
    };
    return { log, account };
}

const config = { caCertificate: cert };
const send = (account, content, { world, id, ...options } = {}) =>
    new Component('mail.Send', { auth: account, config, world, ...options }).out({ to: 'ann@example.com', subject: 'Hi', text: 'Hello', ...content }, { id });

/** Reads a message: `{ headers, parts }` with decoded bodies. */
function readMessage(source) {

    const [head, ...rest] = source.split('\r\n\r\n');
    const body = rest.join('\r\n\r\n');
    const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
    const headers = Object.fromEntries(lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]));
    assert.equal(Object.keys(headers).length, lines.length, 'a header occurs twice');
    const boundary = /boundary="([^"]+)"/.exec(headers['content-type'])?.[1];
    if (!boundary) return { headers, body: Buffer.from(body, 'base64') };
    const parts = body.split(`--${boundary}`).slice(1, -1).map(part => readMessage(part.replace(/^\r\n|\r\n$/g, '')));
    return { headers, parts };
}

const decodeWords = text => text.replace(/\?= =\?/g, '?==?').replace(/=\?utf-8\?B\?([^?]*)\?=/g, (all, word) => Buffer.from(word, 'base64').toString());

describe('Send e-mail', () => {

    it('signs in and delivers a plain message', async t => {
        const { log, account } = await mailServer(t);
        const result = await send(account, { to: 'Ann <ann@example.com>, bob@example.com', cc: '"Doe, John" <john@example.com>', bcc: 'secret@example.com; ann@example.com', replyTo: 'help@example.com' });
        assert.deepEqual(result.accepted, ['ann@example.com', 'bob@example.com', 'john@example.com', 'secret@example.com']);
        assert.deepEqual([result.refused, result.response], [[], '250 2.0.0 queued as 42']);
        assert.match(log.commands.find(line => line.startsWith('MAIL')), /^MAIL FROM:<shop@example\.com> SIZE=\d+$/);
        assert.equal(log.commands.at(-1), 'QUIT');

        const { headers, body } = readMessage(log.messages[0]);
        assert.deepEqual([headers.from, headers.to, headers.cc, headers['reply-to'], headers.subject, headers['message-id']],
            ['"The \\"Shop\\"" <shop@example.com>', 'Ann <ann@example.com>, bob@example.com', '"Doe, John" <john@example.com>', 'help@example.com', 'Hi', result.messageId]);
        assert.equal(body.toString(), 'Hello');
        assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 60000);
        assert.doesNotMatch(log.messages[0], /secret@example/);
    });

    it('carries letters of any language in names, subject, text and file names, in short lines', async t => {
        const { log, account } = await mailServer(t);
        const world = new World();
        const subject = `Žluťoučký kůň 🐎 ${'úpěl ďábelské ódy '.repeat(8)}`.trim();
        const photo = crypto.randomBytes(1000);
        await send(account, {
            to: 'Jiří Novák <jiri@example.com>, x@bücher.example', subject, text: 'Dobrý den\n.\n..tečky', html: '<p>Dobrý den</p>',
            attachments: [world.addFile('fotka ž.png', photo), world.addFile('a"b\r\nX-Evil: 1.csv', 'x', 'text/csv\r\nX-Evil: 2')]
        }, { world });
        const message = log.messages[0];
        assert.ok(message.split('\r\n').every(line => line.length <= 78 && /^[\x20-\x7e\t]*$/.test(line)), 'a line is long or not ASCII');
        assert.doesNotMatch(message, /^X-Evil/m);

        const { headers, parts: [alternative, image, table] } = readMessage(message);
        assert.equal(decodeWords(headers.subject), subject);
        assert.equal(decodeWords(headers.to), 'Jiří Novák <jiri@example.com>, x@xn--bcher-kva.example');
        assert.match(alternative.headers['content-type'], /^multipart\/alternative/);
        assert.deepEqual(alternative.parts.map(part => [part.headers['content-type'], part.body.toString()]), [
            ['text/plain; charset=utf-8', 'Dobrý den\r\n.\r\n..tečky'], ['text/html; charset=utf-8', '<p>Dobrý den</p>']
        ]);
        assert.deepEqual(image.body, photo);
        assert.equal(image.headers['content-type'], 'image/png');
        assert.equal(image.headers['content-disposition'], 'attachment; filename="fotka z.png"; filename*=UTF-8\'\'fotka%20%C5%BE.png');
        assert.equal(table.headers['content-type'], 'text/csv');
        assert.match(table.headers['content-disposition'], /filename="a_bX-Evil: 1\.csv"/);
    });

    for (const [title, content] of [
        ['the subject', { subject: 'Hi\r\nBcc: all@example.com' }], ['a name', { to: 'Ann\r\nBcc: all@example.com <ann@example.com>' }],
        ['an address', { to: 'ann@example.com>\r\nRCPT TO:<all@example.com' }], ['the sender', { from: 'a@example.com\nX: y' }], ['reply to', { replyTo: 'a@example.com\rX: y' }]
    ]) it(`refuses a line break in ${title} before the server hears a word`, async t => {
        const { log, account } = await mailServer(t);
        await cancels(send(account, content), /one line|not an e-mail address/);
        assert.deepEqual(log.commands, []);
    });

    it('refuses what is no address, no message or too much', async t => {
        const { log, account } = await mailServer(t);
        for (const to of ['ann', '@example.com', 'a b@example.com', 'ann@exa mple.com', 'ann@', '<ann@example.com', 'ann@-x-.example']) await cancels(send(account, { to }), /not an e-mail address/);
        await cancels(send(account, { text: '' }), /empty/);
        await cancels(send(account, { to: Array.from({ length: 101 }, (none, i) => `u${i}@example.com`).join() }), /100 recipients/);
        const world = new World();
        await cancels(send(account, { attachments: world.addFile('big', Buffer.alloc(20_000_001)) }, { world }), /20 MB/);
        await fails(send(account, { attachments: 'no-such-file' }), /not found/);
        assert.deepEqual(log.commands, []);
    });

    it('encrypts with STARTTLS before it signs in', async t => {
        const { log, account } = await mailServer(t, { security: 'starttls' });
        await send(account, {});
        assert.deepEqual(log.commands.map(line => line.split(' ')[0]).slice(0, 4), ['EHLO', 'STARTTLS', 'EHLO', 'AUTH']);
        assert.equal(log.secure, true);
        assert.equal(log.messages.length, 1);
    });

    it('encrypts from the start with TLS', async t => {
        const { log, account } = await mailServer(t, { security: 'tls' });
        await send(account, {});
        assert.equal(log.messages.length, 1);
    });

    it('does not trust a certificate that nobody vouches for', async t => {
        for (const security of ['tls', 'starttls']) {
            const { log, account } = await mailServer(t, { security });
            await fails(send(account, {}, { config: {} }), /No connection.*(SELF_SIGNED|UNABLE_TO_VERIFY)/);
            assert.ok(!log.commands.some(line => line.startsWith('AUTH')), 'it signed in all the same');
        }
    });

    it('does not fall back to clear text when STARTTLS is missing', async t => {
        const { log, account } = await mailServer(t);
        await fails(send({ ...account, security: 'starttls' }, {}), /does not offer STARTTLS/);
        assert.deepEqual(log.commands.map(line => line.split(' ')[0]), ['EHLO']);
    });

    it('does not take answers that were slipped in before the encryption', async t => {
        const { log, account } = await mailServer(t, { security: 'starttls', inject: '250-evil\r\n250 AUTH PLAIN\r\n' });
        await fails(send(account, {}), /before the encryption/);
        assert.deepEqual(log.messages, []);
    });

    it('signs in with LOGIN where PLAIN is not offered, and without a name not at all', async t => {
        const first = await mailServer(t, { features: ['AUTH LOGIN', '8BITMIME'] });
        await send(first.account, {});
        assert.equal(first.log.messages.length, 1);
        const second = await mailServer(t, { features: ['8BITMIME'] });
        await send({ ...second.account, username: '' }, {});
        assert.ok(!second.log.commands.some(line => line.startsWith('AUTH')));
        await fails(send(second.account, {}), /no way to sign in/);
    });

    it('fails for good with a wrong password and never repeats it', async t => {
        const { account } = await mailServer(t);
        await cancels(send({ ...account, password: 'hunter2' }, {}).catch(err => {
            assert.doesNotMatch(`${err.message}${err.stack}`, /hunter2|aHVudGVyMg/);
            throw err;
        }), /refused the sign-in: 535/);
    });

    it('names refused recipients and fails only when all are refused', async t => {
        const refuse = { 'gone@example.com': '550 5.1.1 No such user', 'busy@example.com': '450 4.2.1 Try later' };
        const { log, account } = await mailServer(t, { refuse });
        const result = await send(account, { to: 'gone@example.com, ann@example.com' });
        assert.deepEqual(result.accepted, ['ann@example.com']);
        assert.deepEqual(result.refused, [{ address: 'gone@example.com', reason: '550 5.1.1 No such user' }]);
        await cancels(send(account, { to: 'gone@example.com' }), /550/);
        await fails(send(account, { to: 'busy@example.com, gone@example.com' }), /450/);
        assert.equal(log.messages.length, 1);
    });

    it('fails for a retry when the server is busy, gone or silent about the message', async t => {
        await fails(send((await mailServer(t, { greeting: '421 4.3.2 Too busy' })).account, {}), /421/);
        await fails(send((await mailServer(t, { answers: { message: '451 4.3.0 Disk full' } })).account, {}), /451/);
        await cancels(send((await mailServer(t, { answers: { message: '554 5.7.1 Spam' } })).account, {}), /554/);
        await fails(send({ ...(await mailServer(t)).account, port: '1' }, {}), /ECONNREFUSED/);
        await fails(send((await mailServer(t, { greeting: 'HTTP/1.1 400 Bad Request' })).account, {}), /refused the connection: 0/);
    });

    it('does not send what the server says is too large', async t => {
        const { log, account } = await mailServer(t, { features: ['SIZE 500', 'AUTH PLAIN'] });
        await cancels(send(account, { text: 'x'.repeat(1000) }), /server takes 500/);
        assert.deepEqual(log.messages, []);
    });

    it('doubles dots at the start of lines, so that a lonely dot does not end the message', async t => {
        const { log, account } = await mailServer(t);
        const connection = await smtp.connect(smtp.settings(account));
        await connection.send({ from: 'a@example.com', recipients: ['b@example.com'], message: 'Subject: x\r\n\r\n.\n..b\rc.' });
        await connection.quit();
        assert.deepEqual(log.messages, ['Subject: x\r\n\r\n..\r\n...b\r\nc.\r\n']);
    });

    it('gives a repeated delivery the same message ID', async t => {
        const { account } = await mailServer(t);
        const component = new Component('mail.Send', { auth: account, config });
        const content = { to: 'ann@example.com', subject: 'Hi', text: 'Hello' };
        const ids = [];
        for (const id of ['m1', 'm1', 'm2']) ids.push((await component.out(content, { id })).messageId);
        assert.equal(ids[0], ids[1]);
        assert.notEqual(ids[0], ids[2]);
        assert.match(ids[0], /^<[0-9a-f]{32}@example\.com>$/);
    });
});

describe('a mail account', () => {

    it('is checked by signing in, and named after the sender', async t => {
        const { log, account } = await mailServer(t);
        assert.equal(await auth.definition.validate(account), true);
        assert.deepEqual(log.commands.map(line => line.split(' ')[0]), ['EHLO', 'AUTH', 'QUIT']);
        await assert.rejects(auth.definition.validate({ ...account, password: 'no' }), /535/);
        await assert.rejects(auth.definition.validate({ ...account, sender: 'nobody' }), /must be an e-mail address/);
        assert.equal(auth.definition.accountNameFromProfileInfo(account), 'shop@example.com');
    });

    it('must make sense', async t => {
        const { account } = await mailServer(t);
        await cancels(send({ ...account, host: 'a b' }, {}), /host name/);
        await cancels(send({ ...account, port: '70000' }, {}), /port/);
        await cancels(send({ ...account, security: 'maybe' }, {}), /encryption/);
    });
});
