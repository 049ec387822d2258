/**
 * Surfaces: HTTP, hooks, MCP and the command line. They translate, authorise, and call one service;
 * they hold no rule of our field and know no connector.
 */
export { createHttpApp, type HttpApp } from './http/app.ts';
export { renderConsoleTypes } from './http/console-types.ts';
export { createHttpListener } from './http/listener.ts';
export type { Access } from './http/gate.ts';
export type { McpOptions } from './mcp/call.ts';
export { createMcpServer } from './mcp/server.ts';
export { checkBranch } from './check-branch.ts';
export { type DeploymentReport, reportDeployment } from './report-deployment.ts';
export {
  ForgeRepository,
  type ForgeService,
  type GitHubAppService,
  ProtectionReport,
  type ProtectionService,
  type Services,
  SystemStatus,
  type WebhookDelivery,
  type WebhookReceiver,
  type WebhookReply,
} from './services.ts';
export { runHook } from './cli/hook-command.ts';
export { runMcpBridge } from './cli/mcp-command.ts';
export { CREDENTIALS_FILE, findCredentials } from './cli/credentials.ts';
export { attachedHere, findWiring } from './cli/commands/attach.ts';
export { type WiredHomeFile, wireHome } from './cli/attach/home-files.ts';
export { examineAgent } from './cli/attach/examine.ts';
export type { Finding } from './cli/attach/obstacles.ts';
export { ago, EXIT_CODES, printable, type Streams } from './cli/output.ts';
export {
  type CliContext,
  type GlobalFlags,
  createProgram,
  type RegisterCommands,
  runCli,
} from './cli/program.ts';
export type { Wire } from './cli/wire.ts';
