/**
 * Goal: services that depend on others are found across repositories, near and far, loops included.
 * Method: two imported repositories whose catalogs name each other.
 */
import { expect, test } from 'vitest';
import { testRepository } from '#testing';
import { testApp } from '#testing/app';
import { createDependantFinder } from './dependants.ts';

const component = (name: string, dependsOn: string[]) =>
  `kind: Component\nmetadata: { name: ${name} }\nspec: { type: service, owner: team:x, dependsOn: [${dependsOn.join(', ')}] }\n`;

test('dependants are found across repositories, and a loop of them ends', async () => {
  await using app = await testApp();
  await using pay = await testRepository();
  await using web = await testRepository();
  await pay.commit({ files: { 'catalog-info.yaml': component('pay', ['component:mobile']) } });
  await web.commit({
    files: {
      'web/catalog-info.yaml': component('web', ['component:pay']),
      'mobile/catalog-info.yaml': component('mobile', ['component:default/web']),
    },
  });
  const { context } = app.services;
  const actor = { kind: 'system', id: 'test' } as const;
  await context.importRepository({ url: pay.dir, name: 'acme/pay' }, actor);
  await context.importRepository({ url: web.dir, name: 'acme/web' }, actor);
  const find = createDependantFinder(context.graph);

  expect((await find(['pay'])).sort()).toEqual(['mobile', 'web']);
  expect(await find(['nobody'])).toEqual([]);
});
