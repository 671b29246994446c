'use strict';

const address = require('./lib/address');
const smtp = require('./lib/smtp');

module.exports = {

    type: 'pwd',

    definition: {

        auth: {
            host: { type: 'text', name: 'Server', tooltip: 'The host name of the mail server, such as smtp.example.com.' },
            port: { type: 'text', name: 'Port', tooltip: '465 for TLS, 587 for STARTTLS. Empty chooses by the encryption.' },
            security: { type: 'text', name: 'Encryption', tooltip: 'tls, starttls or none. Empty means starttls, or tls on port 465.' },
            username: { type: 'text', name: 'User name', tooltip: 'Often the e-mail address. Empty for a server that asks for no sign-in.' },
            password: { type: 'password', name: 'Password', tooltip: 'Many providers want an app password here.' },
            sender: { type: 'text', name: 'Sender', tooltip: 'The address that messages come from, such as Shop <shop@example.com>.' }
        },

        accountNameFromProfileInfo: context => address.parseOne(context.sender ?? '')?.address ?? context.username ?? context.host,

        /** Signs in and says goodbye. */
        validate: async context => {

            if (!address.parseOne(context.sender ?? '')) throw new Error('The sender must be an e-mail address.');
            const connection = await smtp.connect(smtp.settings(context, context.config));
            await connection.quit();
            return true;
        }
    }
};
