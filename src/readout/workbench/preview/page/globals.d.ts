/** The words of the interface, which Python puts before the script. */
declare const WORDS: Record<string, string>;
