// Ends before it has said anything, as a program does whose interpreter or main class is not found.
process.stderr.write('Error: could not find the main class\n')
process.exit(127)
