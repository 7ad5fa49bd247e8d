// An independent verifier of certificates: the libraries of Digital Bazaar and jose, unmodified; no network.
//
// In:  {contexts: {address: document}, dids: {did: document}, jobs: [{id, json} | {id, proofs: [JSON text]} | {id, jwt}]}
// Out: {id: [answer of each proof]}; an answer is "" when it verifies, else why not.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {createVerifyCryptosuite as jcs} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {importJWK, jwtVerify} from 'jose';
import jsigs from 'jsonld-signatures';
import {readFileSync} from 'node:fs';

const given = JSON.parse(readFileSync(0, 'utf8'));
const documents = new Map(Object.entries(given.contexts));
for(const [did, document] of Object.entries(given.dids)) {
  documents.set(did, document);
  for(const method of document.verificationMethod) {
    if(method.type === 'Multikey') {
      documents.set(method.id, {'@context': 'https://w3id.org/security/multikey/v1', ...method});
    }
  }
}
const documentLoader = async url => {
  if(!documents.has(url)) {
    throw new Error(`offline: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: structuredClone(documents.get(url))};
};
const suites = {'eddsa-rdfc-2022': () => rdfc, 'eddsa-jcs-2022': jcs};

// The one rule the libraries leave to whoever uses them (they verify a signature, not the issuer): the key is one
// of the issuer that the document names, and the certificate was signed within its own dates.
const isOfIssuer = (document, method) =>
  method?.split('#')[0] === (document.issuer?.id ?? document.issuer);

async function ofProof(document, proof) {
  try {
    const suite = suites[proof.cryptosuite];
    if(!suite) {
      return 'unknown cryptosuite';
    }
    const result = await jsigs.verify({...document, proof}, {
      suite: new DataIntegrityProof({cryptosuite: suite()}),
      purpose: new jsigs.purposes.AssertionProofPurpose(), documentLoader});
    if(!result.verified) {
      return String(result.error?.errors?.[0]?.message ?? result.error);
    }
    return isOfIssuer(document, proof.verificationMethod) ? '' : 'another issuer';
  } catch(error) {
    return String(error.message);
  }
}

async function ofToken(token) {
  try {
    const {payload} = await jwtVerify(token, async header => {
      const did = given.dids[header.kid.split('#')[0]];
      const method = did.verificationMethod.find(one => one.id === header.kid);
      if(method.type === 'JsonWebKey') {
        return importJWK(method.publicKeyJwk, method.publicKeyJwk.alg);
      }
      const raw = base58(method.publicKeyMultibase.slice(1)).subarray(2);
      return importJWK({kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url')}, 'EdDSA');
    }, {algorithms: ['EdDSA', 'RS256', 'ES256'], currentDate: new Date(given.now)});
    return isOfIssuer(payload, payload.iss) ? '' : 'another issuer';
  } catch(error) {
    return String(error.message);
  }
}

function base58(text) {
  let number = 0n;
  for(const character of text) {
    number = number * 58n + BigInt('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'.indexOf(character));
  }
  return Buffer.from(number.toString(16).padStart(68, '0'), 'hex');
}

const answers = {};
for(const job of given.jobs) {
  if(job.jwt) {
    answers[job.id] = [await ofToken(job.jwt)];
    continue;
  }
  const {proof, ...document} = JSON.parse(job.json);
  answers[job.id] = [];
  for(const one of [].concat(proof)) {
    answers[job.id].push(await ofProof(document, one));
  }
}
console.log(JSON.stringify(answers));
