// A round trip of everything that @xapi/xapi can do, unmodified, against a record store.
//
// In:  {endpoint, key, secret, version}        Out: {step: what came back}
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {randomUUID} from 'node:crypto';

process.on('uncaughtException', error => {
  const line = error.stack?.split('\n').find(one => one.includes('xapi.mjs')) ?? '';
  console.error(line.trim(), error.message, JSON.stringify(error.response ?? error).slice(0, 1000));
  process.exit(1);
});
const require = createRequire(import.meta.url);
const XAPI = require('@xapi/xapi').default;
const given = JSON.parse(readFileSync(0, 'utf8'));
const client = new XAPI({
  endpoint: given.endpoint, auth: XAPI.toBasicAuth(given.key, given.secret), version: given.version, adapter: 'fetch',
});
const agent = {objectType: 'Agent', account: {homePage: 'https://other.example', name: randomUUID()}};
const activityId = `https://other.example/activities/${randomUUID()}`;
const statement = (verb, more = {}) => ({
  id: randomUUID(), actor: agent, verb: XAPI.Verbs[verb],
  object: {objectType: 'Activity', id: activityId, definition: {name: {en: 'Say hello'}, type: 'http://adlnet.gov/expapi/activities/lesson'}},
  ...more,
});
const out = {};
const data = async promise => (await promise).data;

out.about = (await data(client.getAbout())).version;

const one = statement('INITIALIZED');
out.sent = [await data(client.sendStatement({statement: one})), [one.id]];
const batch = ['ANSWERED', 'PASSED', 'COMPLETED', 'PROGRESSED'].map(verb => statement(verb));
out.batch = [await data(client.sendStatements({statements: batch})), batch.map(s => s.id)];
const read = await data(client.getStatement({statementId: one.id}));
out.read = [read.actor.account.name, agent.account.name];

// query, and "more" to the end
const found = [];
let page = await data(client.getStatements({agent, activity: activityId, limit: 2, ascending: true}));
found.push(...page.statements);
let pages = 1;
while(page.more) {
  page = await data(client.getMoreStatements({more: page.more}));
  found.push(...page.statements);
  pages += 1;
}
out.walked = [found.map(s => s.id), [one, ...batch].map(s => s.id)];
out.pages = pages;
out.byVerb = (await data(client.getStatements({agent, verb: XAPI.Verbs.PASSED.id}))).statements.map(s => s.id);
out.passed = batch[1].id;

// void one and several
const voiding = await data(client.voidStatement({actor: agent, statementId: one.id}));
out.voided = [(await data(client.getVoidedStatement({voidedStatementId: one.id}))).id, one.id];
out.isGone = await client.getStatement({statementId: one.id}).then(() => 'still there', error => error.response?.status ?? error.status ?? String(error));
out.voidingCount = voiding.length;
await client.voidStatements({actor: agent, statementIds: [batch[0].id, batch[2].id]});
out.left = (await data(client.getStatements({agent, activity: activityId}))).statements.map(s => s.id).filter(id => batch.some(s => s.id === id)).length;

// attachments
const file = new TextEncoder().encode('Buongiorno — صباح الخير');
const digest = Buffer.from(await crypto.subtle.digest('SHA-256', file)).toString('hex');
const withFile = statement('COMMENTED', {attachments: [{
  usageType: 'http://id.tincanapi.com/attachment/supporting_media', display: {en: 'A note'},
  contentType: 'text/plain; charset=utf-8', length: file.length, sha2: digest,
}]});
out.fileSent = [await data(client.sendStatement({statement: withFile, attachments: [file.buffer]})), [withFile.id]];
const parts = await data(client.getStatement({statementId: withFile.id, attachments: true}));
out.fileRead = JSON.stringify(parts).includes(digest);
out.fileText = parts.map?.(part => typeof part === 'string' ? part : '').join('') ?? '';

// documents: state, activity profile, agent profile
const state = {activityId, agent, stateId: 'place'};
await client.createState({...state, state: {unit: 3}});
out.state = await data(client.getState(state));
await client.createState({...state, state: {item: 7}});
out.stateMerged = await data(client.getState(state));
await client.setState({...state, state: {unit: 4}, matchHeader: 'If-Match', etag: (await client.getState(state)).headers.etag});
out.stateSet = await data(client.getState(state));
out.states = await data(client.getStates({activityId, agent}));
await client.deleteState({...state, etag: (await client.getState(state)).headers.etag});
await client.createState({...state, stateId: 'second', state: {a: 1}});
await client.deleteStates({activityId, agent});
out.statesLeft = await data(client.getStates({activityId, agent}));

for(const [kind, key] of [['Activity', {activityId}], ['Agent', {agent}]]) {
  const profile = {...key, profileId: 'settings'};
  const name = `${kind}Profile`;
  await client[`create${name}`]({...profile, profile: {a: 1}, matchHeader: 'If-None-Match', etag: '*'});
  const first = await client[`get${name}`](profile);
  await client[`set${name}`]({...profile, profile: {b: 2}, matchHeader: 'If-Match', etag: first.headers.etag});
  const second = await client[`get${name}`](profile);
  const listed = await data(client[`get${name}s`](key));
  await client[`delete${name}`]({...profile, etag: second.headers.etag});
  out[name] = [first.data, second.data, listed, await data(client[`get${name}s`](key))];
}

out.person = (await data(client.getAgent({agent}))).account?.[0]?.name === agent.account.name;
out.activity = (await data(client.getActivity({activityId}))).definition?.name;
console.log(JSON.stringify(out));
