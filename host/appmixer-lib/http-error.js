/** Errors of HTTP clients as errors with a status. */

'use strict';

class HttpError extends Error {

    constructor(message, statusCode, data) {

        super(message);
        this.name = 'HttpError';
        this.statusCode = statusCode;
        this.code = statusCode;
        this.data = data;
    }

    static returnHttpError(err) {

        const statusCode = err.statusCode ?? err.status ?? err.response?.status;
        return new HttpError(err.message || `The answer has the status ${statusCode}.`, statusCode, err.error ?? err.data);
    }
}

module.exports = HttpError;
