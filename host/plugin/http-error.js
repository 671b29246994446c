/** Errors that a route answers with: `new HttpError.notFound('…')`, or without `new`. */

'use strict';

const { STATUS_CODES } = require('node:http');
const { guarded } = require('../guarded');

const STATUSES = {
    badRequest: 400, unauthorized: 401, paymentRequired: 402, forbidden: 403, notFound: 404, methodNotAllowed: 405,
    notAcceptable: 406, clientTimeout: 408, conflict: 409, resourceGone: 410, preconditionFailed: 412,
    entityTooLarge: 413, unsupportedMediaType: 415, teapot: 418, badData: 422, locked: 423, tooManyRequests: 429,
    internal: 500, badImplementation: 500, notImplemented: 501, badGateway: 502, serverUnavailable: 503,
    gatewayTimeout: 504
};

function httpError(statusCode, message, data) {

    const error = STATUS_CODES[statusCode] ?? 'Error';
    const made = new Error(message instanceof Error ? message.message : message || error);
    const payload = { statusCode, error, message: made.message };
    return Object.assign(made, { isBoom: true, data: data ?? null, output: { statusCode, payload, headers: {} } });
}

const makers = Object.entries(STATUSES).map(([name, status]) =>
    // An arrow cannot be called with `new`.
    [name, function (message, data) { return httpError(status, message, data); }]);

const HttpError = guarded('context.http.HttpError', Object.fromEntries(makers));

module.exports = { HttpError, httpError };
