/** What the component asks of the engine: its REST interface, other components, the end of its flow. */

'use strict';

module.exports = run => ({
    callAppmixer: async ({ endPoint, method = 'GET', qs, body } = {}) =>
        run.ask('api', { endPoint, method: String(method).toUpperCase(), qs: qs ?? null, body: body ?? null }),
    componentStaticCall: async (type, outPort, { messages, properties, transform } = {}) => run.ask('staticCall', {
        type, outPort, messages: messages ?? {}, properties: properties ?? {}, transform: transform ?? null
    }),
    /** Hears of an event of the module's plugin from now on, as by a call from outside. */
    addListener: async (event, params) => run.ask('addListener', { event: String(event), params: params ?? {} }),
    removeListener: async event => run.ask('removeListener', { event: String(event) }),
    stopFlow: async () => run.ask('stopFlow', {})
});
