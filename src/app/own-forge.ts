import type { ContextService } from '#context';
import type { Hosts } from './hosts.ts';

/** A repository of our own forge is read from disk and spoken for by the forge, whatever URL names it. */
export function knowOwnForge(
  context: ContextService,
  hosts: Hosts,
  publicUrl: string,
): ContextService {
  const { forge } = hosts;
  if (forge === null) return context;
  const prefix = `${publicUrl.replace(/\/$/, '')}/git/`;
  return {
    ...context,
    async importRepository(source, actor, onProgress) {
      if (!source.url.startsWith(prefix))
        return context.importRepository(source, actor, onProgress);
      const name = source.url.slice(prefix.length).replace(/\.git\/?$/, '');
      const { url } = await forge.host.fetchSource(name);
      return context.importRepository(
        { ...source, url, name, host: forge.host.name },
        actor,
        onProgress,
      );
    },
  };
}
