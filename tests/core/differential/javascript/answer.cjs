// Answers one JSON line with one JSON line: whole flags by flagd-core, or single expressions by the engine
// inside it and by json-logic-js, which is what JSONLogic means.

const readline = require('node:readline');
const { FlagdCore } = require('@openfeature/flagd-core');
const jsonLogic = require('json-logic-js');

const silent = { error() {}, warn() {}, info() {}, debug() {} };

// Numbers that JSON has no word for are written as text.
function encoded(value) {
  if (value === undefined) return { plain: null };
  if (typeof value === 'number') return { number: String(value) };
  if (Array.isArray(value)) return { list: value.map(encoded) };
  if (value && typeof value === 'object') {
    return { object: Object.fromEntries(Object.entries(value).map(([key, each]) => [key, encoded(each)])) };
  }
  return { plain: value };
}

function decoded(value) {
  if ('number' in value) return Number(value.number);
  if ('list' in value) return value.list.map(decoded);
  if ('object' in value) {
    return Object.fromEntries(Object.entries(value.object).map(([key, each]) => [key, decoded(each)]));
  }
  return value.plain;
}

function attempt(run) {
  try {
    return encoded(run());
  } catch (error) {
    return { raised: String(error) };
  }
}

function answered(core, [key, type, context]) {
  const kind = type === 'integer' || type === 'float' ? 'number' : type;
  const { value, variant, reason, errorCode } = core.resolve(kind, key, null, context, silent);
  const named = variant !== undefined;
  return { value: named ? value : null, variant: named ? variant : null, reason, code: errorCode ?? null };
}

function flags({ document, questions }) {
  const core = new FlagdCore(undefined, silent);
  core.setConfigurations(JSON.stringify(document));
  return questions.map((question) => answered(core, question));
}

const targetings = new Map();

// The engine inside flagd-core, with flagd's operators, for any expression. Most are asked for several contexts.
function targetingOf(logic) {
  const text = JSON.stringify(logic);
  if (targetings.has(text)) return targetings.get(text);
  if (targetings.size > 1000) targetings.clear();
  const core = new FlagdCore(undefined, silent);
  core.setConfigurations(JSON.stringify({ flags: { f: { state: 'ENABLED', variants: { a: 'a' }, targeting: logic } } }));
  targetings.set(text, core.getFlag('f')._targeting);
  return targetings.get(text);
}

function compiled(logic, given) {
  const targeting = targetingOf(logic);
  if (!targeting) throw new Error('PARSE_ERROR');
  const isContext = given && typeof given === 'object' && !Array.isArray(given);
  return targeting._compiledLogic(isContext ? { ...given, [Symbol.for('flagd.logger')]: silent } : given);
}

function operation({ logic, data, reference }) {
  const given = decoded(data);
  const answer = { peer: attempt(() => compiled(logic, given)) };
  if (reference) answer.reference = attempt(() => jsonLogic.apply(logic, given));
  return answer;
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  let answer;
  try {
    if (request.now !== undefined) Date.now = () => request.now * 1000;
    answer = request.document ? { flags: flags(request) } : { operations: request.operations.map(operation) };
  } catch (error) {
    answer = { failed: String(error.cause ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
