/** What the component asks of the engine: its REST interface, other components, the end of its flow. */

'use strict';

module.exports = run => ({
    callAppmixer: async ({ endPoint, method = 'GET', qs, body } = {}) =>
        run.ask('api', { endPoint, method: String(method).toUpperCase(), qs: qs ?? null, body: body ?? null }),
    componentStaticCall: async (type, outPort, { messages, properties, transform } = {}) => run.ask('staticCall', {
        type, outPort, messages: messages ?? {}, properties: properties ?? {}, transform: transform ?? null
    }),
    stopFlow: async () => run.ask('stopFlow', {})
});
