/** What a file is for, by its path: it decides how the file may rank and be read. */

export type FileClass = 'source' | 'test' | 'document' | 'configuration' | 'generated' | 'other';

const GENERATED =
  /(?:^|\/)(?:node_modules|vendor|third_party|dist|build|out|target|__snapshots__|\.yarn)\/|(?:^|\/)(?:package-lock\.json|pnpm-lock\.yaml|yarn\.lock|Cargo\.lock|poetry\.lock|uv\.lock|Gemfile\.lock|composer\.lock|go\.sum|bun\.lockb?)$|\.(?:min\.(?:js|css)|map|snap|pb\.go|lock)$|_pb2(?:_grpc)?\.pyi?$|(?:^|\/)zz_generated[^/]*$|\.generated\./i;
const TEST =
  /(?:^|\/)(?:tests?|__tests__|testing|spec|specs|e2e|fixtures?|testdata|__fixtures__|mocks?|__mocks__)\/|(?:^|\/)(?:test_[^/]*|conftest)\.py$|[._-](?:test|tests|spec|e2e|bench|stories)\.[^/]+$|_test\.\w+$|(?:Test|Tests|Spec|IT)\.(?:java|kt|scala|cs|swift|php)$/;
const DOCUMENT = /\.(?:md|mdx|mdc|markdown|rst|adoc|txt)$|(?:^|\/)(?:LICENSE|NOTICE|AUTHORS)$/i;
const CONFIGURATION =
  /(?:^|\/)\.[^/]+$|\.(?:ya?ml|toml|ini|cfg|conf|json|jsonc|json5|xml|properties|env|tf|tfvars|hcl|plist)$|(?:^|\/)(?:Dockerfile[^/]*|Makefile|CODEOWNERS|\.github\/.*)$/i;
const SOURCE =
  /\.(?:[cm]?[jt]sx?|vue|svelte|astro|py|pyi|go|rs|java|kt|kts|scala|groovy|rb|php|cs|fs|swift|m|mm|c|h|cc|cpp|cxx|hpp|hh|zig|ex|exs|erl|hrl|clj|cljs|hs|ml|mli|lua|r|jl|dart|pl|pm|sh|bash|zsh|fish|ps1|sql|graphql|gql|proto|css|scss|sass|less|html|htm|hbs|tmpl|jinja2?|j2|ejs|erb|styl|pug|sol|nix|bzl)$/i;

export function classifyFile(path: string): FileClass {
  if (GENERATED.test(path)) return 'generated';
  if (DOCUMENT.test(path)) return 'document';
  if (TEST.test(path)) return 'test';
  if (SOURCE.test(path)) return 'source';
  if (CONFIGURATION.test(path)) return 'configuration';
  return 'other';
}

/** Endings of formats no one reads as text; the first bytes decide about the rest. */
const BINARY =
  /\.(?:png|jpe?g|gif|webp|avif|ico|icns|bmp|tiff?|pdf|zip|gz|tgz|bz2|xz|zst|7z|rar|jar|war|class|so|dylib|dll|exe|wasm|woff2?|ttf|otf|eot|mp[34]|mov|avi|webm|ogg|wav|flac|bin|dat|db|sqlite3?|pyc|o|a|psd|ai|sketch|fig|parquet|onnx|pt|npz?)$/i;

export function looksBinary(path: string): boolean {
  return BINARY.test(path);
}
