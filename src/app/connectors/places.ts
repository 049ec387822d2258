/** Which repository the issues of a team or project belong to, as settings say it: `ENG=acme/shop`. */
import { AppError } from '#kernel';

/** @throws AppError `config.invalid_value`. */
export function readPlaces(setting: string, given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    given.map((text): [string, string] => {
      const [, key, repository] = /^([\w-]{1,50})=([\w.-]{1,100}\/[\w.-]{1,100})$/.exec(text) ?? [];
      if (key !== undefined && repository !== undefined) return [key, repository];
      throw new AppError('invalid', 'config.invalid_value', {
        message: `${setting}: ${text.slice(0, 100)} is not KEY=owner/name.`,
        hint: 'Write for example ENG=acme/shop, with commas between them.',
      });
    }),
  );
}
