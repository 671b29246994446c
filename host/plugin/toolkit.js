/** What a handler makes its answer with: `h.response(…).code(201).header(…)`. */

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { guarded } = require('../guarded');

const TYPES = {
    '.css': 'text/css', '.gif': 'image/gif', '.html': 'text/html', '.jpg': 'image/jpeg', '.js': 'text/javascript',
    '.json': 'application/json', '.png': 'image/png', '.svg': 'image/svg+xml', '.txt': 'text/plain'
};

class Response {

    constructor(source) {

        this.source = source;
        this.statusCode = undefined;
        this.headers = {};
    }

    code(status) {

        this.statusCode = Number(status);
        return this;
    }

    header(name, value) {

        this.headers[String(name).toLowerCase()] = String(value);
        return this;
    }

    type(type) {

        return this.header('content-type', type);
    }

    location(address) {

        return this.header('location', address);
    }

    /** Where it was made anew. */
    created(address) {

        return this.code(201).location(address);
    }

    etag(tag) {

        return this.header('etag', `"${tag}"`);
    }
}

function file(name) {

    const type = TYPES[path.extname(name).toLowerCase()] ?? 'application/octet-stream';
    return new Response(fs.readFileSync(name)).type(type);
}

const toolkit = () => guarded('h', {
    response: source => new Response(source),
    redirect: address => new Response(null).code(302).location(address),
    file
});

const isResponse = value => value instanceof Response;

module.exports = { isResponse, toolkit };
