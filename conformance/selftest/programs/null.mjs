// Reads everything and says nothing, not even hello.
process.stdin.resume()
