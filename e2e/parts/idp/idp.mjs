// An OpenID provider for tests: authorization code with PKCE, device flow, refresh, client
// credentials, groups. People sign in by name, without a password.
//
//   node idp.mjs PORT
//   POST /test/rotate  new signing keys; the old ones are gone from the JWKS
//   POST /test/outage  every answer is 503 until the next POST /test/outage
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const groups = {
  'alice@example.com': ['engineering'],
  'bob@example.com': ['engineering', 'dba'],
  'carol@example.com': ['dba'],
  'dave@example.com': [],
  'erin@example.com': ['engineering', 'fraud'],
  'root@example.com': ['admins', 'everything'],
};

const key = (type, options) => {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig' };
};
const native = (client_id, id_token_signed_response_alg) => ({
  client_id,
  id_token_signed_response_alg,
  token_endpoint_auth_method: 'none',
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback', 'http://127.0.0.1/', 'http://127.0.0.1/cb'],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
});

const provider = () => new Provider(issuer, {
  jwks: { keys: [
    { ...key('rsa', { modulusLength: 2048 }), alg: 'RS256' },
    { ...key('ec', { namedCurve: 'P-256' }), alg: 'ES256' },
    { ...key('ed25519'), alg: 'EdDSA' },
  ] },
  clients: [
    native('sluice', 'RS256'),
    native('sluice-es256', 'ES256'),
    native('sluice-eddsa', 'EdDSA'),
    native('sluice-short', 'RS256'),
    { client_id: 'ci-deploy', client_secret: 'ci-deploy-secret', redirect_uris: [], response_types: [], grant_types: ['client_credentials'] },
  ],
  features: {
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx) => (ctx.oidc.client?.clientId === 'ci-deploy' ? 'urn:sluice' : undefined),
      getResourceServerInfo: () => ({ scope: 'groups', audience: 'sluice-ci', accessTokenFormat: 'jwt', accessTokenTTL: 3600, jwt: { sign: { alg: 'ES256' } } }),
    },
  },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  scopes: ['openid', 'offline_access', 'email', 'profile', 'groups'],
  conformIdTokenClaims: false,
  extraTokenClaims: () => ({ groups: ['ci'] }),
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: true, name: id.split('@')[0], groups: groups[id] ?? [] }),
  }),
  issueRefreshToken: async () => true,
  cookies: { keys: ['test'] },
  pkce: { required: () => false },
  ttl: {
    AccessToken: 3600, DeviceCode: 600, Interaction: 600, Session: 3600, Grant: 3600, RefreshToken: 3600,
    IdToken: (ctx, token, client) => (client.clientId === 'sluice-short' ? 1 : 3600),
  },
});

let answer = provider().callback();
let outage = false;
createServer((request, response) => {
  if (request.url === '/test/rotate') { answer = provider().callback(); return response.end('rotated\n'); }
  if (request.url === '/test/outage') { outage = !outage; return response.end(`${outage}\n`); }
  if (outage) { response.statusCode = 503; return response.end(); }
  return answer(request, response);
}).listen(port, '127.0.0.1', () => console.log('ready', issuer));
