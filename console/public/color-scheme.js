// Runs before the first paint so that a dark page never flashes white. A file of its own, because a
// strict content security policy refuses inline scripts.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('loom-color-scheme');
  } catch {
    // Storage may be switched off; the system's choice is used then.
  }
  var prefersDark = matchMedia('(prefers-color-scheme: dark)').matches;
  var scheme = chosen === 'light' || chosen === 'dark' ? chosen : prefersDark ? 'dark' : 'light';
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
})();
