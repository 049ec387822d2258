/**
 * How long a text is for a model. One place, so that every budget means the same. No model's own
 * vocabulary is shipped, so this is an upper bound: each piece of a text is counted as the worst of the
 * tokenizers it was held against (docs/context-packs.md has the comparison).
 */

/**
 * Pairs of letters that follow each other in words and names. A run of letters with other pairs (a
 * key, a hash, a word of no language) falls apart into more tokens, so each such pair counts.
 */
const COMMON_PAIRS: ReadonlySet<string> = new Set(
  (
    'abacadafagaiakalamanaparasatauavawaxaybabebibjblbobrbsbubycacccechcickclcocrctcudadbdddedidldo' +
    'drdsdudyeaebecedeeefegeielemeneoepeqeresetevewexeyfafefffiflfofrftfufygageggghgigngogrgsgtgu' +
    'hahehihohrhthuiaibicidieifigiliminioipirisitivizjejojskekiknkslalbldlelilllolsltlulymambmemimmmn' +
    'mompmsmunancndnenfngninknlnnnonpnsntnunvnyoaobocodofogoiokolomonoooporosotouovowpapdpepiplpoppprps' +
    'ptpupvqurarcrdrerfrgrirkrlrmrnrorrrsrtrurvrysascsesfshsiskslsnsospssstsuswsytatctethtitltotptrts' +
    'tttutxtyuaubucudueufuguiulumunupurusutvavevivowawewhwiwnwowrwsxaxexixpxtymynyoypyszezo'
  ).match(/../g),
);

/** Letters of one hump, capitals, digits, blanks, line ends, one repeated sign, anything else. */
const PIECE = /([A-Z]?[a-z]+)|([A-Z]+)|([0-9]+)|( +)|(\n+)|(([!-/:-@[-`{-~])\7*)|([\s\S])/gu;

/** Words of English and of code that every tokenizer compared has as one token, however written. */
const ONE_TOKEN: ReadonlySet<string> = new Set(
  `
  about access actually added additional address after allow already also always another anything
  append application args argument arguments array attempt attribute attributes authentication
  authorization available back base based because before behavior being between bool boolean both
  break build bytes call callback called calling cannot case change changed changes character
  check checking class classes close code collections command commands comment common compile
  complete config configuration connection console const constant constructor contains content
  contents context continue control convert copy copyright core correct could count create created
  creates current currently data default defaults definition deprecated description details
  dictionary different directory disable display distribution document documentation does done
  each either element elements else empty encoding entries environment error errors even every
  everything example examples except exception exceptions existing expected export expression
  extension external failed failure false feature file filename files finally find first following
  form format found foundation free from full function functions general generate generated github
  given handle handler hash have head header headers here html http identifier ignore
  implementation import include includes index info information init initial initialize input
  install instance instead integer interface internal into invalid item items join just keep keys
  keyword language last later length level library license like line lines link list literal load
  local location long made main make many mapping match matches means message messages method
  methods missing mode modify module modules more most multiple must name names namespace need
  needed never next node none note notes nothing null number numbers object objects once only open
  operation operations operator option optional options order original other output outside over
  override package parameter parameters parse part pass passed path pattern performance platform
  possible prefix present previous print private probably problem process processing program
  project property protocol provide public push python raise read reading reference references
  register regular relative release remove removed replace repository request require required
  requires reserved response result results return returns root running runtime same script
  section self sequence server session setting shift should similar simple since single size
  software some something source special specific split standard start starting state status still
  stream strict string strings structure such support supported system terms test testing text
  than that their then there these they this those through time timeout token tree true tuple type
  types under unicode unknown unless until update updated updates used user uses using usually
  utils valid value values variable variables version want warning well were what whatever when
  where whether which while will windows with without work working would wrapper write writing
  written your
`.match(/\w+/g),
);

const LONG_WORD = 16;

/** Letters every model here knows as one token each, though they take two bytes. */
const SHORT_LETTER = /^[\u0430-\u044f]$/;

/** An upper bound of the tokens a common model makes of a text. */
export function countTokens(text: string): number {
  let tokens = 0;
  for (const [piece, word, capitals, digits, blanks, lineEnds, signs] of text.matchAll(PIECE)) {
    if (word !== undefined) tokens += lettersCost(word.toLowerCase());
    else if (capitals !== undefined) tokens += capitals.length;
    // Some models take every digit apart.
    else if (digits !== undefined) tokens += digits.length;
    // One blank belongs to the word behind it.
    else if (blanks !== undefined) tokens += Math.ceil((blanks.length - 1) / 4);
    else if (lineEnds !== undefined) tokens += Math.ceil(lineEnds.length / 2);
    else if (signs !== undefined) tokens += signs.length === 1 ? 1 : Math.ceil(signs.length / 2);
    else if (SHORT_LETTER.test(piece)) tokens += 1;
    // No tokenizer over bytes makes more tokens than there are bytes.
    else tokens += Buffer.byteLength(piece, 'utf8');
  }
  return tokens;
}

function lettersCost(letters: string): number {
  if (ONE_TOKEN.has(letters)) return 1;
  let rare = 0;
  for (let at = 0; at + 1 < letters.length; at += 1) {
    if (!COMMON_PAIRS.has(letters.slice(at, at + 2))) rare += 1;
  }
  // No language has words so long: what stands there is no word.
  const excess = Math.max(0, letters.length - LONG_WORD);
  return Math.min(
    letters.length,
    1 + Math.floor((letters.length - 1) / 3) + rare + Math.ceil(excess / 4),
  );
}

/** Cuts a text to so many characters at a line or word end, and says that it did. */
export function shorten(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  if (maxCharacters < 2) return '';
  const cut = text.slice(0, maxCharacters - 1);
  const lineEnd = cut.lastIndexOf('\n');
  const wordEnd = cut.lastIndexOf(' ');
  const end =
    lineEnd > maxCharacters * 0.6 ? lineEnd : wordEnd > maxCharacters * 0.6 ? wordEnd : -1;
  // Half of a surrogate pair is no character.
  return `${(end > 0 ? cut.slice(0, end) : cut.replace(/[\ud800-\udbff]$/, '')).trimEnd()}…`;
}

/** Cuts a text to so many tokens; the same ends as `shorten`. */
export function shortenToTokens(text: string, maxTokens: number): string {
  if (countTokens(text) <= maxTokens) return text;
  // A token is never shorter than a character, so the answer lies below; halving finds it.
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (countTokens(shorten(text, middle)) <= maxTokens) low = middle;
    else high = middle - 1;
  }
  return shorten(text, low);
}
