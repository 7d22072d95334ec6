// Flags from another language: OpenFeature's own OFREP provider for JavaScript servers, nothing of Burgee's.
//
//   scripts/run                                          # in another terminal: the daemon on config/flags.yaml
//   cd examples/javascript && npm ci && node client.mjs  # Node 20 or later
//
// OFREP_ENDPOINT says where the daemon is, if not on http://127.0.0.1:8016.
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';

const baseUrl = process.env.OFREP_ENDPOINT ?? 'http://127.0.0.1:8016';
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl }));
const client = OpenFeature.getClient();

const customers = [
  { targetingKey: 'anna', customer: 'c-42', organization: 'acme', plan: 'enterprise' },
  { targetingKey: 'boris', customer: 'c-77', organization: 'globex', plan: 'pro' },
];
for (const who of customers) {
  const context = { environment: 'production', ...who };
  const answers = [
    await client.getBooleanDetails('new-checkout', false, context),
    await client.getStringDetails('crm-connector', 'none', context),
    await client.getNumberDetails('custom-fields-limit', 3, context),
    await client.getNumberDetails('image-quality', 0.7, context),
    await client.getObjectDetails('single-sign-on', {}, context),
    // This version of the provider takes "the value in your code" for an error; the value is right all the same.
    await client.getStringDetails('welcome-message', 'Hello.', context),
  ];
  console.log(`${who.customer} of ${who.organization}`);
  for (const { flagKey, value, reason, flagMetadata } of answers) {
    const source = flagMetadata?.['burgee.source'] ?? '';
    console.log(`  ${flagKey.padEnd(20)} ${JSON.stringify(value).padEnd(40)} ${reason} ${source}`.trimEnd());
  }
}
await OpenFeature.close();
