/**
 * The plugin `loom attach` writes for opencode, which runs code where others run commands. It hands each
 * event to the one hook command and applies the answer; all judgement stays behind that command. The
 * text is JavaScript for opencode's own runtime, so it is kept as text here.
 */
export const OPENCODE_PLUGIN = `import { spawn, spawnSync } from "node:child_process";

const [COMMAND, ...ARGS] = "@command";
/** Tools that change something; a call for each other one would only cost time. */
const ASKED = new Set(["edit", "write", "multiedit", "patch", "apply_patch", "bash"]);

export const LoomStack = async ({ directory, worktree }) => {
  const cwd = worktree && worktree !== "/" ? worktree : directory;
  /** What each session was told, in order; it goes into every request, so that the model keeps it. */
  const told = new Map();

  const ask = (event, session, more) =>
    new Promise((resolve) => {
      const child = spawn(COMMAND, [...ARGS, event], { cwd, stdio: ["pipe", "pipe", "inherit"] });
      let text = "";
      child.stdout.on("data", (chunk) => (text += chunk));
      child.on("error", () => resolve({}));
      child.stdin.on("error", () => {});
      child.on("close", () => {
        try {
          resolve(JSON.parse(text || "{}").hookSpecificOutput ?? {});
        } catch {
          resolve({});
        }
      });
      child.stdin.end(JSON.stringify({ session_id: session, cwd, hook_event_name: event, ...more }));
    });

  const remember = (session, answer) => {
    if (answer.additionalContext) told.get(session)?.push(answer.additionalContext);
  };

  const start = async (session, model) => {
    if (told.has(session)) return;
    told.set(session, []);
    remember(session, await ask("SessionStart", session, { model, source: "startup" }));
  };

  process.once("exit", () => {
    for (const session of told.keys()) {
      const input = JSON.stringify({ session_id: session, cwd, reason: "opencode ended" });
      spawnSync(COMMAND, [...ARGS, "SessionEnd"], { cwd, input, timeout: 3000 });
    }
  });

  return {
    "chat.message": async ({ sessionID, model }, { parts }) => {
      await start(sessionID, model?.modelID);
      const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("\\n");
      // \`opencode run\` puts what it was given between quotes.
      const prompt = text.trim().replace(/^"([^"]*)"$/, "$1");
      remember(sessionID, await ask("UserPromptSubmit", sessionID, { prompt }));
    },
    "experimental.chat.system.transform": async ({ sessionID }, output) => {
      output.system.push(...(told.get(sessionID) ?? []));
    },
    "tool.execute.before": async ({ tool, sessionID, callID }, { args }) => {
      if (!ASKED.has(tool)) return;
      const call = { tool_name: tool, tool_input: args, tool_use_id: callID };
      const answer = await ask("PreToolUse", sessionID, call);
      if (answer.permissionDecision === "deny") throw new Error(answer.permissionDecisionReason);
      remember(sessionID, answer);
    },
    "tool.execute.after": async ({ tool, sessionID, callID, args }, { output }) => {
      const call = { tool_name: tool, tool_input: args, tool_use_id: callID, tool_response: output };
      await ask("PostToolUse", sessionID, call);
    },
    event: async ({ event }) => {
      const session = event.properties?.sessionID;
      if (event.type === "session.idle" && told.has(session)) await ask("Stop", session, {});
      if (event.type === "session.deleted") told.delete(event.properties?.info?.id);
    },
  };
};
`;
