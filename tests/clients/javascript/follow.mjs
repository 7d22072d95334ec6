// Runs the npm package @openfeature/ofrep-web-provider, which asks for all flags at once and follows the
// event stream. Prints a line of JSON for whatever happens; each line on standard input is a context to take.
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { EventSource } from 'eventsource';
import { createInterface } from 'node:readline';

// Node has none of its own, or none that is on; the provider looks for a browser's.
globalThis.EventSource = EventSource;

const say = (what, fields = {}) => console.log(JSON.stringify({ what, ...fields }));
const counted = async (...request) => {
  const response = await fetch(...request);
  say('fetched', { status: response.status });
  return response;
};
const client = OpenFeature.getClient();
const values = () => ({
  boolean: client.getBooleanDetails('boolean', true),
  string: client.getStringDetails('string', 'mine'),
  integer: client.getNumberDetails('integer', -1),
  float: client.getNumberDetails('float', -1),
  object: client.getObjectDetails('object', {}),
  disabled: client.getStringDetails('disabled-string', 'mine'),
  unknown: client.getStringDetails('no-such-flag', 'mine'),
  mistaken: client.getBooleanDetails('string', true),
  unkeyed: client.getBooleanDetails('needs-key', true),
});

client.addHandler(ProviderEvents.ConfigurationChanged, (event) =>
  say('changed', { flags: event?.flagsChanged, values: values() }),
);
await OpenFeature.setContext(JSON.parse(process.argv[3]));
await OpenFeature.setProviderAndWait(
  new OFREPWebProvider({ baseUrl: process.argv[2], fetchImplementation: counted }),
);
say('ready', { values: values() });
for await (const line of createInterface({ input: process.stdin })) {
  await OpenFeature.setContext(JSON.parse(line));
  say('context', { values: values() });
}
await OpenFeature.close();
