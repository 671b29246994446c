/** Stands in for the package `appmixer-lib`: the three things of it that public connectors use. */

'use strict';

const util = {
    PagingAggregator: require('./paging'),
    HttpError: require('./http-error'),
    component: require('./changes')
};

module.exports = { util };
