/** `httpRequest`: axios, called or by its methods. */

'use strict';

module.exports = () => ({
    get httpRequest() { return require('axios'); }
});
