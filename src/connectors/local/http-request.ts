/** Reads what a git client asks for. Only smart HTTP is served; nothing else of a repository is. */
import type { IncomingMessage } from 'node:http';
import { isNameSegment } from './repository-name.ts';

export type GitService = 'git-upload-pack' | 'git-receive-pack';

export interface GitRequest {
  /** `owner/name`. */
  repository: string;
  service: GitService;
  /** What follows the repository in the address. */
  endpoint: 'info/refs' | GitService;
}

const PREFIX = '/git/';
const MAX_URL_LENGTH = 1_000;

/**
 * Undefined for everything that is not one of the four addresses of smart HTTP. The path is matched as
 * it came: whatever would need decoding (`%2e%2e`) is no name we give out.
 */
export function readGitRequest(method: string, url: string): GitRequest | undefined {
  if (url.length > MAX_URL_LENGTH || !url.startsWith(PREFIX)) return undefined;
  const [path = '', query, ...rest] = url.slice(PREFIX.length).split('?');
  if (rest.length > 0) return undefined;
  const [owner = '', folder = '', ...tail] = path.split('/');
  if (!isNameSegment(owner) || !folder.endsWith('.git')) return undefined;
  const name = folder.slice(0, -'.git'.length);
  if (!isNameSegment(name)) return undefined;

  const repository = `${owner}/${name}`;
  const endpoint = tail.join('/');
  if (method === 'GET' && endpoint === 'info/refs') {
    const service = new URLSearchParams(query).get('service');
    return isService(service) ? { repository, service, endpoint } : undefined;
  }
  if (method === 'POST' && isService(endpoint) && query === undefined) {
    return { repository, service: endpoint, endpoint };
  }
  return undefined;
}

function isService(text: string | null): text is GitService {
  return text === 'git-upload-pack' || text === 'git-receive-pack';
}

/** User name and password of HTTP Basic authentication; undefined when there are none or they are garbled. */
export function readBasicCredentials(
  header: string | undefined,
): { username: string; secret: string } | undefined {
  const encoded = /^Basic (?<encoded>[A-Za-z0-9+/=]{1,8000})$/i.exec(header?.trim() ?? '')
    ?.groups?.['encoded'];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** The request's headers that git's CGI program understands, as the variables it reads. */
export function cgiHeaders(request: IncomingMessage): Record<string, string> {
  const variables: Record<string, string> = {};
  const { headers } = request;
  if (headers['content-type'] !== undefined) variables['CONTENT_TYPE'] = headers['content-type'];
  // Without a length (chunked) the program reads to the end of its input.
  if (/^\d{1,15}$/.test(headers['content-length'] ?? '')) {
    variables['CONTENT_LENGTH'] = headers['content-length']!;
  }
  if (headers['content-encoding'] !== undefined) {
    variables['HTTP_CONTENT_ENCODING'] = headers['content-encoding'];
  }
  const protocol = headers['git-protocol'];
  if (typeof protocol === 'string' && /^[A-Za-z0-9=:._-]{1,200}$/.test(protocol)) {
    variables['GIT_PROTOCOL'] = protocol;
  }
  return variables;
}
