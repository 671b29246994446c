'use strict';

module.exports = {

    async receive(context) {

        const stores = await context.store.listStores();
        await context.sendJson({ stores: stores.map(({ name, storeId }) => ({ name, storeId })) }, 'out');
    },

    /** For drop-down lists of the designer. */
    toSelectArray({ stores }) {

        return stores.map(({ name, storeId }) => ({ label: name || storeId, value: storeId }));
    }
};
