-- Symbols are many: they are found by the beginning of their name, which is the end of their key.
create index graph_entities_symbol on loom.graph_entities
  (lower(substring(key from '[^#]*$')) text_pattern_ops) where kind = 'symbol';
