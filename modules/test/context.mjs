/**
 * An engine for tests, in memory: it runs one component at a time with a `context` that
 * behaves as documented. It is stricter than an engine in one point: what a component
 * sends must be declared in the manifest, so that manifests stay honest.
 */

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'stockroom');

const copy = value => value === undefined ? undefined : JSON.parse(JSON.stringify(value));

export class CancelError extends Error {

    constructor(message, error, code = 500) {

        super(message);
        this.name = 'ContextCancelError';
        this.error = error;
        this.code = code;
    }
}

// ---------------------------------------------------------------- schemas

const typeOf = value => value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

function fits(type, value) {

    if (type === 'integer') return Number.isInteger(value);
    return typeOf(value) === type;
}

/** `{ ok, value }`: the value as it is, or coerced the way a schema validator with coercion does. */
function coerce(types, value) {

    if (types.some(type => fits(type, value))) return { ok: true, value };
    const kind = typeOf(value);
    for (const type of types) {
        if (type === 'string' && ['number', 'boolean'].includes(kind)) return { ok: true, value: String(value) };
        if ((type === 'number' || type === 'integer') && kind === 'string' && value.trim() !== '' && fits(type, Number(value))) {
            return { ok: true, value: Number(value) };
        }
        if (type === 'boolean' && (value === 'true' || value === 'false')) return { ok: true, value: value === 'true' };
    }
    return { ok: false, value };
}

/** A copy of the content that fits the schema, with defaults; throws where an engine would refuse the message. */
export function validate(schema, content, { defaults = false } = {}) {

    const result = copy(content) ?? {};
    for (const [name, rule] of Object.entries(schema.properties ?? {})) {
        if (defaults && result[name] === undefined && rule.default !== undefined) result[name] = rule.default;
        if (result[name] === undefined) continue;
        const types = [].concat(rule.type ?? []);
        let checked = types.length ? coerce(types, result[name]) : { ok: true, value: result[name] };
        if (checked.ok && rule.enum && !rule.enum.includes(checked.value)) checked = { ok: false };
        if (checked.ok && (checked.value < rule.minimum || checked.value > rule.maximum)) checked = { ok: false };
        if (checked.ok) {
            result[name] = checked.value;
        } else if (result[name] === '' || result[name] === null) {
            delete result[name];
        } else if (types.includes('string') && !rule.enum && typeof result[name] === 'object') {
            result[name] = JSON.stringify(result[name]);
        } else {
            throw new Error(`"${name}" does not fit the schema: ${JSON.stringify(result[name])}`);
        }
    }
    for (const name of schema.required ?? []) {
        if (result[name] === undefined) throw new Error(`"${name}" is required.`);
    }
    return result;
}

// ---------------------------------------------------------------- HTTP, in the manner of axios

function transmit({ url, method, headers, body, timeout, signal, maxContentLength }) {

    return new Promise((resolve, reject) => {
        const fail = (message, code) => reject(Object.assign(new Error(message), { code, config: { url, headers } }));
        const request = http.request(url, { method, headers, signal }, response => {
            const chunks = [];
            let size = 0;
            response.on('data', chunk => {
                size += chunk.length;
                if (size > maxContentLength) {
                    response.destroy();
                    return fail(`maxContentLength size of ${maxContentLength} exceeded`, 'ERR_BAD_RESPONSE');
                }
                chunks.push(chunk);
            });
            response.on('end', () => resolve({ response, bytes: Buffer.concat(chunks) }));
            response.on('error', err => fail(err.message, err.code));
        });
        if (timeout) request.setTimeout(timeout, () => request.destroy(Object.assign(new Error('timeout'), { code: 'ECONNABORTED' })));
        request.on('error', err => fail(err.message, err.name === 'AbortError' ? 'ERR_CANCELED' : err.code));
        request.end(body);
    });
}

async function httpRequest(config) {

    const { method = 'GET', responseType, maxRedirects = 5, maxContentLength = Infinity, timeout, signal } = config;
    const validateStatus = config.validateStatus ?? (status => status >= 200 && status < 300);
    let url = new URL(config.url);
    for (const [name, value] of Object.entries(config.params ?? {})) {
        if (value !== undefined && value !== null) url.searchParams.append(name, String(value));
    }
    const headers = Object.fromEntries(Object.entries(config.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    let body = config.data;
    if (body !== undefined && typeof body === 'object' && !Buffer.isBuffer(body)) {
        body = JSON.stringify(body);
        headers['content-type'] ??= 'application/json';
    }
    if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
    for (let hop = 0; ; hop++) {
        const { response, bytes } = await transmit({ url, method, headers, body, timeout, signal, maxContentLength });
        if (maxRedirects && response.headers.location && response.statusCode >= 300 && response.statusCode < 400 && response.statusCode !== 304) {
            if (hop === maxRedirects) throw Object.assign(new Error('Maximum number of redirects exceeded'), { code: 'ERR_FR_TOO_MANY_REDIRECTS' });
            url = new URL(response.headers.location, url);
            continue;
        }
        let data = responseType === 'arraybuffer' ? bytes : bytes.toString('utf8');
        if (responseType === undefined || responseType === 'json') {
            try {
                data = JSON.parse(data);
            } catch {
                // Text stays text.
            }
        }
        const answer = { status: response.statusCode, statusText: response.statusMessage, headers: response.headers, data, config };
        if (validateStatus(answer.status)) return answer;
        throw Object.assign(new Error(`Request failed with status code ${answer.status}`), { response: answer, config });
    }
}
export { httpRequest };

// ---------------------------------------------------------------- what components share

/** Stores, files and locks of one user, shared by the components of a test. */
export class World {

    constructor() {

        this.stores = new Map();
        this.files = new Map();
        this.locks = new Set();
        this.listeners = new Map();
        /** Messages for triggers that listen to a store: `{ componentId, data }`. */
        this.storeEvents = [];
    }

    addStore(storeId, name) {

        this.stores.set(storeId, { name, items: new Map() });
    }

    addFile(filename, content, contentType) {

        const fileId = crypto.randomUUID();
        this.files.set(fileId, { filename, contentType, bytes: Buffer.from(content) });
        return fileId;
    }

    file(fileId) {

        const file = this.files.get(fileId);
        if (!file) throw new Error(`File with ${fileId} not found.`);
        return file;
    }

    items(storeId) {

        if (!this.stores.has(storeId)) throw new Error(`Store ${storeId} not found.`);
        return this.stores.get(storeId).items;
    }

    notify(storeId, type, currentValue) {

        for (const [componentId, listener] of this.listeners) {
            if (listener.storeId === storeId && listener.events.includes(type)) {
                this.storeEvents.push({ componentId, data: { type, currentValue: copy({ storeId, ...currentValue }) } });
            }
        }
    }

    storeApi(componentId) {

        return {
            get: async (storeId, key) => copy(this.items(storeId).get(key)) ?? { key, storeId, value: null },
            set: async (storeId, key, value) => {
                const items = this.items(storeId);
                const old = items.get(key);
                const now = new Date().toISOString();
                const item = { key, storeId, value: copy(value), createdAt: old?.createdAt ?? now, updatedAt: now };
                items.set(key, item);
                const oldValue = old ? { oldValue: old.value } : {};
                this.notify(storeId, old ? 'update' : 'insert', { ...item, ...oldValue });
                return copy({ ...item, ...oldValue });
            },
            remove: async (storeId, key) => {
                const items = this.items(storeId);
                const old = items.get(key);
                items.delete(key);
                if (old) this.notify(storeId, 'delete', { ...old, oldValue: old.value });
                return { key, oldValue: old?.value ?? null };
            },
            find: async storeId => [...this.items(storeId).values()].map(copy),
            listStores: async () => [...this.stores].map(([storeId, { name }]) => ({ storeId, name })),
            registerWebhook: async (storeId, events = ['insert', 'update', 'delete']) => {
                this.items(storeId);
                this.listeners.set(componentId, { storeId, events });
            },
            unregisterWebhook: async () => { this.listeners.delete(componentId); }
        };
    }

    async lock(name, { retryDelay = 200, maxRetryCount = 30 } = {}) {

        for (let tries = 0; this.locks.has(name); tries++) {
            if (tries >= maxRetryCount) throw new Error(`The lock ${name} is taken.`);
            await new Promise(resolve => setTimeout(resolve, Math.min(retryDelay, 5)));
        }
        this.locks.add(name);
        let held = true;
        return {
            unlock: async () => {
                if (held) this.locks.delete(name);
                held = false;
            },
            extend: async () => {}
        };
    }
}

// ---------------------------------------------------------------- one component of a flow

export class Component {

    /** `name` is `service.Component`, such as `timers.Every`. */
    constructor(name, { properties = {}, auth = {}, config = {}, world = new World(), flowId = 'flow-1' } = {}) {

        const [service, component] = name.split('.');
        const folder = path.join(ROOT, service, 'core', component);
        this.manifest = JSON.parse(fs.readFileSync(path.join(folder, 'component.json'), 'utf8'));
        this.module = require(path.join(folder, `${component}.js`));
        this.given = properties;
        this.auth = auth;
        this.config = config;
        this.world = world;
        this.flowId = flowId;
        this.componentId = `${name}-${crypto.randomUUID()}`;
        this.stored = {};
        this.sent = [];
        this.responses = [];
        this.logs = [];
        this.timeouts = [];
    }

    get properties() {

        return this.manifest.properties ? validate(this.manifest.properties.schema, this.given, { defaults: true }) : {};
    }

    context({ messages = {}, id, correlationId, scope = {} } = {}) {

        const self = this;
        let open = true;
        const context = {
            messages,
            id: id ?? crypto.randomUUID(),
            scope,
            properties: this.properties,
            auth: { ...this.config, ...this.auth },
            config: this.config,
            componentId: this.componentId,
            flowId: this.flowId,
            flowDescriptor: {},
            CancelError,
            httpRequest,
            sendJson: async (content, port, options) => {
                if (!open) return;
                self.accept(content, port, options?.scope ?? scope, correlationId);
            },
            sendArray: async (items, port, options) => {
                for (const item of items) await context.sendJson(item, port, options);
            },
            response: async (body = {}, status = 200, headers = {}) => {
                self.responses.push({ body: copy(body), status, headers });
            },
            getWebhookUrl: () => `http://engine.example/flows/${self.flowId}/components/${self.componentId}`,
            setTimeout: async (content, ms) => {
                if (ms > 31 * 86400000) throw new Error('The timeout is too long.');
                const timeoutId = crypto.randomUUID();
                self.timeouts.push({ timeoutId, content: copy(content), ms: Math.max(ms, 60000), correlationId, scope });
                return timeoutId;
            },
            clearTimeout: async timeoutId => {
                self.timeouts = self.timeouts.filter(timeout => timeout.timeoutId !== timeoutId);
            },
            log: async (...parts) => { self.logs.push(parts); },
            get state() { return copy(self.stored); },
            set state(value) { self.stored = copy(value); },
            loadState: async () => copy(self.stored),
            saveState: async value => { self.stored = copy(value); },
            stateGet: async key => copy(self.stored[key]) || null,
            stateSet: async (key, value) => { self.stored[key] = copy(value); },
            stateUnset: async key => { delete self.stored[key]; },
            stateClear: async () => { self.stored = {}; },
            lock: (name, options) => self.world.lock(`${self.manifest.name.split('.')[1]}:${name}`, options),
            store: self.world.storeApi(self.componentId),
            getFileInfo: async fileId => {
                const { filename, contentType, bytes } = self.world.file(fileId);
                return { fileId, filename, contentType, length: bytes.length, metadata: { fileId } };
            },
            loadFile: async fileId => Buffer.from(self.world.file(fileId).bytes),
            getFileReadStream: async fileId => Readable.from([Buffer.from(self.world.file(fileId).bytes)]),
            saveFileStream: async (filename, data) => {
                const fileId = self.world.addFile(filename, data);
                return { fileId, filename, length: self.world.file(fileId).bytes.length, metadata: { fileId } };
            },
            replaceFileStream: async (fileId, data) => {
                self.world.file(fileId).bytes = Buffer.from(data);
                return { fileId };
            }
        };
        return { context, close: () => { open = false; } };
    }

    accept(content, port, scope, correlationId) {

        const declared = this.manifest.outPorts.find(({ name }) => name === port);
        if (!declared) throw new CancelError(`There is no port "${port}".`);
        const names = declared.options?.map(({ value }) => value);
        const unknown = Object.keys(content).find(key => names && !names.includes(key));
        assert.equal(unknown, undefined, `${this.manifest.name} sends "${unknown}" to ${port}, which the manifest does not declare`);
        this.sent.push({ port, content: copy(content), scope, correlationId });
    }

    async call(method, options) {

        const before = this.sent.length;
        const { context, close } = this.context(options);
        try {
            await this.module[method](context);
        } finally {
            // What is sent after the method has ended is lost, as in an engine.
            close();
        }
        return this.sent.slice(before);
    }

    start() { return this.call('start'); }

    stop() { return this.call('stop'); }

    /** Delivers a message; answers what was sent. */
    receive(content, { id, correlationId = 'correlation-1', scope } = {}) {

        const port = this.manifest.inPorts[0];
        const input = port.schema ? validate(port.schema, content) : copy(content);
        const message = { content: input, originalContent: copy(content), correlationId, scope };
        return this.call('receive', { messages: { in: message }, id, correlationId, scope });
    }

    /** Delivers a message and answers the content of the one message that was sent to the port `out`. */
    async out(content, options) {

        const sent = await this.receive(content, options);
        assert.deepEqual(sent.map(({ port }) => port), ['out']);
        return sent[0].content;
    }

    webhook(content) {

        const full = { method: 'POST', data: {}, query: {}, headers: {}, hostname: 'engine.example', ...content };
        return this.call('receive', { messages: { webhook: { content: full, correlationId: 'correlation-1' } } });
    }

    tick(now = new Date()) {

        return this.call('tick', { messages: { tick: { content: { now: new Date(now).toISOString(), elapsed: 60000, lastTick: null } } } });
    }

    /** Fires the oldest timer. */
    fireTimeout() {

        const timeout = this.timeouts.shift();
        assert.ok(timeout, 'no timer is set');
        return this.call('receive', {
            messages: { timeout: { content: timeout.content, correlationId: timeout.correlationId, timeoutId: timeout.timeoutId } },
            correlationId: timeout.correlationId
        });
    }
}

// ---------------------------------------------------------------- servers for tests

/** A local HTTP server for one test; `handler({ method, path, query, headers, body })` gives `{ status, headers, body }`. */
export async function serve(t, handler) {

    const requests = [];
    const server = http.createServer((request, response) => {
        const chunks = [];
        request.on('data', chunk => chunks.push(chunk));
        request.on('end', async () => {
            const url = new URL(request.url, 'http://localhost');
            const seen = {
                method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), url: request.url,
                headers: request.headers, body: Buffer.concat(chunks).toString('utf8')
            };
            requests.push(seen);
            const { status = 200, headers = {}, body = '' } = await handler(seen);
            const raw = typeof body === 'string' || Buffer.isBuffer(body);
            response.writeHead(status, raw ? headers : { 'content-type': 'application/json', ...headers });
            response.end(raw ? body : JSON.stringify(body));
        });
    });
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

/** Asserts that a promise is rejected for good: no retry would help. */
export const cancels = (promise, pattern) => assert.rejects(promise, err => {
    assert.equal(err.name, 'ContextCancelError', `a retry would follow: ${err.stack}`);
    if (pattern) assert.match(err.message, pattern);
    return true;
});

/** Asserts that a promise is rejected in a way that makes the engine try again. */
export const fails = (promise, pattern) => assert.rejects(promise, err => {
    assert.notEqual(err.name, 'ContextCancelError', 'no retry would follow');
    assert.notEqual(err.code, 'ERR_ASSERTION', err.message);
    if (pattern) assert.match(err.message, pattern);
    return true;
});
