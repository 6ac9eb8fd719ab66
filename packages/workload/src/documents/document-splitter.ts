/** A document of a stream, or the beginning of one that is too long to be read. */
export interface Piece {
  readonly text: string;
  /** Lines before it in the stream. */
  readonly line: number;
  /** It goes on for longer than is read. */
  readonly isCut?: boolean;
  /** Why there is no text of it. */
  readonly fault?: string;
}

/** Documents of YAML may have so many UTF-16 units, those of JSON so many. */
export const MOST_YAML = 8 * 1024 * 1024;
const MOST_JSON = 64 * 1024 * 1024;

/**
 * Cuts a stream at lines that begin with `---`, as kubectl does; nothing of a document is kept once it is handed out, or once
 * it is too long. JSON may be cut so, too: none of its lines begins like that.
 */
export class DocumentSplitter {
  /** What is known of the document that comes. */
  private parts: string[] = [];
  private size = 0;
  private isCut = false;
  /** The lines before it, and those of the stream until now. */
  private first = 0;
  private lines = 0;
  /** A line whose end has not come yet. */
  private rest = '';

  /** Takes the next part of the stream, and gives the documents that end in it. */
  push(chunk: string): Piece[] {
    const found: Piece[] = [];
    let at = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', at)) {
      this.line(this.rest + chunk.slice(at, end + 1), found);
      this.rest = '';
      at = end + 1;
    }
    this.keepRest(chunk.slice(at));
    return found;
  }

  /** The last document. */
  end(): Piece[] {
    const found: Piece[] = [];
    if (this.rest !== '') this.line(this.rest, found);
    this.rest = '';
    this.close(found);
    return found;
  }

  private line(line: string, found: Piece[]): void {
    if (/^---(?:\s|$)/.test(line)) {
      this.close(found);
      this.first = this.lines;
      // A document may begin behind the dashes.
      if (line.slice(3).trim() !== '' && !line.slice(3).trim().startsWith('#'))
        this.add(`   ${line.slice(3)}`);
      else this.add(line.endsWith('\n') ? '\n' : '');
    } else this.add(line);
    this.lines++;
  }

  private add(text: string): void {
    this.size += text.length;
    if (!this.isCut) this.parts.push(text);
    if (this.size > MOST_YAML && this.size > this.most()) this.isCut = true;
  }

  private most(): number {
    const begin = this.parts.find((part) => part.trim() !== '') ?? '';
    return /^\s*[[{]/.test(begin) ? MOST_JSON : MOST_YAML;
  }

  /** A line without an end is bounded like a document. */
  private keepRest(text: string): void {
    if (this.rest.length + text.length <= MOST_JSON) this.rest += text;
    else this.isCut = true;
  }

  private close(found: Piece[]): void {
    const text = this.parts.join('');
    if (this.isCut) found.push({ text: text.slice(0, 1000), line: this.first, isCut: true });
    else if (text.trim() !== '') found.push({ text, line: this.first });
    this.parts = [];
    this.size = 0;
    this.isCut = false;
  }
}

/** Every document of a whole text. */
export function documentsOf(text: string): Piece[] {
  const splitter = new DocumentSplitter();
  return [...splitter.push(text), ...splitter.end()];
}
