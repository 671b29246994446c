'use strict';

const api = require('./lib/api');

/** Asks for tokens; the answer of a refusal is not passed on, as it could repeat what was sent. */
async function requestTokens(context, fields) {

    const response = await context.httpRequest({
        method: 'POST',
        url: `${api.baseUrl(context)}/oauth/token`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        data: new URLSearchParams({
            client_id: context.clientId, client_secret: context.clientSecret, redirect_uri: context.callbackUrl, ...fields
        }).toString(),
        timeout: 30000,
        validateStatus: () => true
    });
    const { status, data } = response;
    if (status !== 200 || !data?.access_token) {
        throw new Error(`GitLab gave no access token (status ${status}${data?.error ? `, ${String(data.error).slice(0, 60)}` : ''}).`);
    }
    return {
        accessToken: data.access_token,
        refreshToken: data.refresh_token,
        accessTokenExpDate: new Date(Date.now() + (data.expires_in ?? 7200) * 1000)
    };
}

const profile = async context => (await api.request(context, 'GET', '/user')).data;

module.exports = {

    type: 'oauth2',

    definition: {

        scope: ['api'],

        scopeDelimiter: ' ',

        accountNameFromProfileInfo: context => context.profileInfo.username,

        authUrl: context => {

            const query = new URLSearchParams({
                client_id: context.clientId,
                redirect_uri: context.callbackUrl,
                response_type: 'code',
                state: context.ticket,
                scope: (context.scope?.length ? context.scope : ['api']).join(' ')
            });
            return `${api.baseUrl(context)}/oauth/authorize?${query}`;
        },

        requestAccessToken: context => requestTokens(context, { grant_type: 'authorization_code', code: context.authorizationCode }),

        refreshAccessToken: context => requestTokens(context, { grant_type: 'refresh_token', refresh_token: context.refreshToken }),

        requestProfileInfo: async context => {

            const { id, username, name, web_url: url } = await profile(context);
            return { id, username, name, url };
        },

        validateAccessToken: async context => {

            await profile(context);
            return true;
        }
    }
};
