#include "textflag.h"

// func cpuid(leaf, sub uint32) (a, b, c, d uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL sub+4(FP), CX
	CPUID
	MOVL AX, a+8(FP)
	MOVL BX, b+12(FP)
	MOVL CX, c+16(FP)
	MOVL DX, d+20(FP)
	RET

// The bytes of four words, each with its most significant byte first.
DATA swap<>+0(SB)/8, $0x0405060700010203
DATA swap<>+8(SB)/8, $0x0c0d0e0f08090a0b
GLOBL swap<>(SB), RODATA|NOPTR, $16

// Four rounds: X0 holds four words of the message plus their constants, X1 and X2 the working variables.
#define ROUNDS \
	SHA256RNDS2 X0, X1, X2 \
	PSHUFD $0x0e, X0, X0   \
	SHA256RNDS2 X0, X2, X1

// Words 4i to 4i+3 of the message, which stay in m, and their rounds.
#define TAKEN(i, m) \
	MOVOU (16*i)(SI), m \
	PSHUFB X8, m        \
	MOVOU (16*i)(DX), X0 \
	PADDD m, X0         \
	ROUNDS

// func sha256blocks(to *[8]uint32, k *[64]uint32, p *byte, blocks int)
TEXT ·sha256blocks(SB), NOSPLIT, $0-32
	MOVQ to+0(FP), DI
	MOVQ k+8(FP), DX
	MOVQ p+16(FP), SI
	MOVQ blocks+24(FP), CX
	MOVOU swap<>(SB), X8

	// The instructions want a, b, e, f in one register and c, d, g, h in the other.
	MOVOU (DI), X1
	MOVOU 16(DI), X2
	PSHUFD $0xb1, X1, X1
	PSHUFD $0x1b, X2, X2
	MOVO X1, X7
	PALIGNR $8, X2, X1
	PBLENDW $0xf0, X7, X2

block:
	MOVO X1, X9
	MOVO X2, X10
	TAKEN(0, X3)
	TAKEN(1, X4)
	TAKEN(2, X5)
	TAKEN(3, X6)
	MOVQ $64, AX

more: // the next four words come from the sixteen before them, X3 to X6
	SHA256MSG1 X4, X3
	MOVO X6, X7
	PALIGNR $4, X5, X7
	PADDD X7, X3
	SHA256MSG2 X6, X3
	MOVOU (DX)(AX*1), X0
	PADDD X3, X0
	ROUNDS
	MOVO X3, X7
	MOVO X4, X3
	MOVO X5, X4
	MOVO X6, X5
	MOVO X7, X6
	ADDQ $16, AX
	CMPQ AX, $256
	JNE more

	PADDD X9, X1
	PADDD X10, X2
	ADDQ $64, SI
	DECQ CX
	JNZ block

	PSHUFD $0x1b, X1, X1
	PSHUFD $0xb1, X2, X2
	MOVO X1, X7
	PBLENDW $0xf0, X2, X1
	PALIGNR $8, X7, X2
	MOVOU X1, (DI)
	MOVOU X2, 16(DI)
	RET
