/**
 * Surfaces: HTTP, hooks, MCP and the command line. They translate, authorise, and call one service;
 * they hold no rule of our field and know no connector.
 */
export { createHttpApp, type HttpApp } from './http/app.ts';
export type { Access } from './http/gate.ts';
export { createMcpServer, type McpOptions } from './mcp/server.ts';
export { checkBranch } from './check-branch.ts';
export { type DeploymentReport, reportDeployment } from './report-deployment.ts';
export {
  ForgeRepository,
  type ForgeService,
  type Services,
  SystemStatus,
  type WebhookDelivery,
  type WebhookReceiver,
} from './services.ts';
