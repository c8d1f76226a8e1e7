// Overwrites what XMP says of the place where a picture was taken, in whichever vocabulary: those of cameras, of drones and of maps have names
// of their own. Knows XMP as text between two tags, wherever it is in the bytes, and no format of pictures.

/** Matches names such as `exif:GPSLatitude`, `drone-dji:GpsLongtitude` (sic), `Camera:GpsAltitude` and `geo:lat`. */
const PLACE = /gps|latitude|longt?itude|^geo:|(?:^|:)(?:lat|long?|lng)$/i;
/** What declares a vocabulary says nothing of a place. */
const DECLARATION = /^xmlns(?:$|:)/;
/** A quoted value ends before a zero byte, where another segment of the file begins. */
const ATTRIBUTE = /(?<![\w.:-])([\w.:-]+)(\s*=\s*)("[^"\0]*"|'[^'\0]*')/g;
const ELEMENT = /<([\w.:-]+)(?:\s[^<>\0]*)?(?<!\/)>/g;
const TAG_OR_CHARACTER = /<\/?\w[^<>]*>|[\s\S]/g;
/** What holds all statements of a packet; the second is enough for some writers. */
const PACKETS = ['x:xmpmeta', 'rdf:RDF'] as const;

/** Overwrites places with blanks, in XMP as UTF-8 and as UTF-16 of both byte orders. No length changes. */
export function blankXmpPlace(bytes: Buffer): void {
  for (const name of PACKETS) {
    blankPackets(
      bytes,
      (text) => Buffer.from(text, 'latin1'),
      name,
      (packet) => packet.write(blankText(packet.toString('latin1')), 'latin1'),
    );
    blankPackets(bytes, (text) => Buffer.from(text, 'utf16le'), name, blankWide);
    blankPackets(
      bytes,
      (text) => Buffer.from(text, 'utf16le').swap16(),
      name,
      (packet) => {
        packet.swap16();
        blankWide(packet);
        packet.swap16();
      },
    );
  }
}

const blankWide = (packet: Buffer) => packet.write(blankText(packet.toString('utf16le')), 'utf16le');

function blankPackets(
  bytes: Buffer,
  encode: (text: string) => Buffer,
  name: string,
  blank: (packet: Buffer) => void,
): void {
  const [open, close] = [encode(`<${name}`), encode(`</${name}>`)];
  for (let start = bytes.indexOf(open); start !== -1; ) {
    const end = bytes.indexOf(close, start);
    if (end === -1) return;
    blank(bytes.subarray(start, end + close.length));
    start = bytes.indexOf(open, end);
  }
}

const isPlace = (name: string): boolean => PLACE.test(name) && !DECLARATION.test(name);
const blanks = (text: string): string => ' '.repeat(text.length);

function blankText(packet: string): string {
  const text = packet.replaceAll(ATTRIBUTE, (whole, name: string, equals: string, value: string) =>
    isPlace(name) ? `${name}${equals}${value[0]}${blanks(value.slice(2))}${value[0]}` : whole,
  );
  const parts: string[] = [];
  let done = 0;
  for (const { 0: tag, 1: name = '', index } of text.matchAll(ELEMENT)) {
    const start = index + tag.length;
    if (start < done || !isPlace(name)) continue;
    const close = text.indexOf(`</${name}`, start);
    if (close === -1) break;
    const content = text.slice(start, close);
    parts.push(text.slice(done, start), content.includes('\0') ? content : blankContent(content));
    done = close;
  }
  return `${parts.join('')}${text.slice(done)}`;
}

/** Tags stay, such as those of lists; all that is between them goes. */
const blankContent = (content: string): string =>
  content.replaceAll(TAG_OR_CHARACTER, (part) => (part.length > 1 ? part : ' '));
