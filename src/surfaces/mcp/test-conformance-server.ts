/**
 * The tools, resources and prompts the protocol's conformance suite calls by name, behind our own door: the
 * same handler, authentication and guards as `/mcp`, with another server in it. For tests only.
 */
import {
  fromJsonSchema,
  inputRequired,
  McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Environment } from '../http/environment.ts';
import { createGate } from '../http/gate.ts';
import { createOriginGuard } from '../http/origin.ts';
import { problemResponse } from '../http/problem.ts';
import type { Services } from '../services.ts';
import { mountMcp } from './routes.ts';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const text = (it: string) => ({ type: 'text' as const, text: it });
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' };
const embedded = (uri: string, it: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType: 'text/plain', text: it },
});

/** As the suite prints it for its scenario json-schema-2020-12. */
const SCHEMA_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, never awaited
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
} as const;

/** The app with `/mcp` in it, as the product guards it. */
export function createConformanceApp(services: Services): OpenAPIHono<Environment> {
  const app = new OpenAPIHono<Environment>();
  const refuseForeign = createOriginGuard(services.config);
  const log = services.log;
  app.use(async (context, next) => {
    const { headers, url } = context.req.raw;
    context.set('requestId', services.newId('req'));
    context.set('log', log);
    refuseForeign(headers.get('host') ?? new URL(url).host, headers.get('origin'));
    await next();
  });
  app.onError((error, context) =>
    problemResponse(error, { requestId: context.get('requestId'), log }),
  );
  mountMcp(app, services, createGate(services), createFixtures);
  return app;
}

function createFixtures(): McpServer {
  // Lists that never change, as ours: nothing is promised that the suite would wait for.
  const server = new McpServer(
    { name: 'fixtures', version: '1.0.0' },
    { capabilities: { tools: {}, resources: {}, prompts: {} } },
  );
  addTools(server);
  addResources(server);
  addPrompts(server);
  return server;
}

function addTools(server: McpServer): void {
  const inputSchema = z.object({});
  const answers = {
    test_simple_text: [text('This is a simple text response for testing.')],
    test_image_content: [image],
    test_audio_content: [{ type: 'audio' as const, data: WAV, mimeType: 'audio/wav' }],
    test_embedded_resource: [
      embedded('test://embedded-resource', 'This is an embedded resource content.'),
    ],
    test_multiple_content_types: [
      text('Multiple content types test:'),
      image,
      embedded('test://mixed-content-resource', '{"test":"data","value":123}'),
    ],
    test_logging_tool: [text('Nothing is logged to the client.')],
    test_streaming_elicitation: [text('Nothing is asked.')],
  };
  for (const [name, content] of Object.entries(answers)) {
    server.registerTool(name, { description: name, inputSchema }, () => ({ content }));
  }
  server.registerTool('test_error_handling', { description: 'Fails', inputSchema }, () => ({
    isError: true,
    content: [text('This tool intentionally returns an error for testing')],
  }));
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Tells how far it is', inputSchema },
    async (_input, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken: progressToken!, progress, total: 100 },
        });
      }
      return { content: [text('Done.')] };
    },
  );
  // It asks as our own tools ask, whatever the client can; the door refuses a client that cannot.
  server.registerTool(
    'test_missing_capability',
    { description: 'Asks the model of the client', inputSchema },
    () =>
      inputRequired({
        inputRequests: {
          capital: inputRequired.createMessage({
            messages: [{ role: 'user', content: text('What is the capital of France?') }],
            maxTokens: 100,
          }),
        },
      }),
  );
  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'Its schema is kept', inputSchema: fromJsonSchema(SCHEMA_2020_12) },
    () => ({ content: [text('ok')] }),
  );
}

function addResources(server: McpServer): void {
  server.registerResource(
    'static-text',
    'test://static-text',
    { title: 'Text', mimeType: 'text/plain' },
    ({ href: uri }) => ({
      contents: [
        { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
      ],
    }),
  );
  server.registerResource(
    'static-binary',
    'test://static-binary',
    { title: 'Image', mimeType: 'image/png' },
    ({ href: uri }) => ({ contents: [{ uri, mimeType: 'image/png', blob: PNG }] }),
  );
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { title: 'Template', mimeType: 'application/json' },
    ({ href: uri }, { id }) => ({
      contents: [
        {
          uri,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
        },
      ],
    }),
  );
}

function addPrompts(server: McpServer): void {
  const says = (...contents: object[]) => ({
    messages: contents.map((content) => ({ role: 'user' as const, content: content as never })),
  });
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () =>
    says(text('This is a simple prompt for testing.')),
  );
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'Arguments', argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
    ({ arg1, arg2 }) => says(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) =>
      says(
        embedded(resourceUri, 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Image' }, () =>
    says(image, text('Please analyze the image above.')),
  );
}
