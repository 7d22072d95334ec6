// Asks the npm package @openfeature/ofrep-provider: a JSON list of [type, key, default, context] on standard
// input, the details of each on standard output.
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { readFileSync } from 'node:fs';

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: process.argv[2] }));
const client = OpenFeature.getClient();
const ask = {
  boolean: (...question) => client.getBooleanDetails(...question),
  string: (...question) => client.getStringDetails(...question),
  number: (...question) => client.getNumberDetails(...question),
  object: (...question) => client.getObjectDetails(...question),
};
const answers = [];
for (const [type, ...question] of JSON.parse(readFileSync(0, 'utf8'))) {
  answers.push(await ask[type](...question));
}
console.log(JSON.stringify(answers));
