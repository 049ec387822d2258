/** Where the command line finds its server. The work is in hook-client.cjs, which agents wait for. */
export { type Credentials, CREDENTIALS_FILE, findCredentials } from './hook-client.cjs';
