import type { DiagnosticCode } from '@callgate/engine/internal/diagnostics/codes';
import {
  type Diagnostic,
  didYouMean,
  error,
  type Remedy,
  warning,
} from '@callgate/engine/internal/diagnostics/diagnostic';
import type { Span, Spanned } from '@callgate/engine/internal/diagnostics/span';
import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { quote } from '@callgate/engine/internal/source/tree';
import { errnoNames, errnoNumber } from '@callgate/engine/internal/syscalls/arguments';
import { isKnownName } from '@callgate/engine/internal/syscalls/lookup';
import { meantCall } from '@callgate/engine/internal/syscalls/meant-call';

/** More are not looked for, and of so many nobody is told what was meant. */
const MOST = 50;
const MOST_TOLD = 500;

/** What is wrong with a list, gathered while it is read. */
export class ListFaults {
  readonly all: Diagnostic[] = [];
  private hasError = false;

  /** Nobody reads on; that there is an error is told in any case. */
  private get isFull(): boolean {
    return this.all.length >= MOST_TOLD;
  }

  error(code: DiagnosticCode, message: string, span: Span, remedy?: Remedy | string): undefined {
    if (this.isFull && this.hasError) return undefined;
    this.hasError = true;
    this.all.push(error(code, message, span, remedy));
    return undefined;
  }

  warn(code: DiagnosticCode, message: string, span: Span, remedy?: Remedy | string): undefined {
    if (!this.isFull) this.all.push(warning(code, message, span, remedy));
    return undefined;
  }

  /** What cannot be read. */
  syntax(message: string, span: Span, remedy?: string): undefined {
    return this.error('list-syntax', message, span, remedy);
  }

  /** Whether a name is that of a call; where it is none, the sandbox passes over it, and so does this. */
  knows(name: Spanned<string>, sandbox: string): boolean {
    if (isKnownName(name.value)) return true;
    const meant = this.all.length < MOST ? meantCall(name.value) : undefined;
    const message = `there is no system call ${quote(name.value)}; ${sandbox} passes over it`;
    this.warn('unknown-syscall', message, name.span, didYouMean(meant));
    return false;
  }

  /** An errno by its name or its number. */
  errno(word: Spanned<string>): number | undefined {
    const number = /^\d{1,5}$/.test(word.value) ? Number(word.value) : errnoNumber(word.value);
    if (number !== undefined) return number;
    const meant = suggest(word.value, errnoNames());
    return this.error(
      'unknown-errno',
      `there is no errno ${quote(word.value)}`,
      word.span,
      didYouMean(meant),
    );
  }
}
