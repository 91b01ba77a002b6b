#!/usr/bin/env bash
# Plays both scenarios from start to end, with a receiver for each system that the hub sends to. What came where is in out/.
set -euo pipefail
cd "$(dirname "$0")"
hub=${HL7_HUB:-cargo run --quiet -p hl7-hub --}
rm -rf out

# Ends what it started, whatever happens.
started=()
trap 'kill "${started[@]}" 2>/dev/null || true' EXIT

receive() { # where, which folder, how many messages
    $hub listen "127.0.0.1:$1" --save "out/$2" --count "$3" >/dev/null &
    started+=($!)
    receivers+=($!)
}
opened() { # waits until somebody listens on a port
    for _ in {1..600}; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "nobody listens on port $1" >&2
    exit 1
}
written() { # waits until a folder has so many files
    for _ in {1..600}; do
        if [ "$(find "out/$1" -type f -not -name '.*' 2>/dev/null | wc -l)" -ge "$2" ]; then return; fi
        sleep 0.1
    done
    echo "out/$1 has no $2 files" >&2
    exit 1
}

receivers=()
receive 14000 his 1
receive 12001 coe 3
receive 12002 laboratory 2
receive 12003 billing 1
$hub run hub.toml --log warn &
server=$!
started+=("$server")
for port in 14000 12001 12002 12003 11000 11001 11002 11003; do opened "$port"; done

# The discharge. Its sender waits for nothing: both acknowledgments go to a folder.
$hub send 127.0.0.1:11000 messages/adt_a03.hl7 --one-way
# The registration, the order, its confirmation, the result. The order without a physician is refused: it is answered by AE.
$hub send 127.0.0.1:11001 messages/adt_a04.hl7
$hub send 127.0.0.1:11002 messages/orm_o01.hl7
$hub send 127.0.0.1:11002 messages/orm_o01_unsigned.hl7 || true
$hub send 127.0.0.1:11003 messages/orr_o02.hl7 messages/oru_r01.hl7

wait "${receivers[@]}"
written acks 2
written pharmacy 1
written physician 1
written review 1
kill "$server"
wait "$server"
find out -type f -name '*.hl7' -o -type f -name '*.txt' | sort
