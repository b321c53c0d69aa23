/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry of the nested machine's program, by the Multiboot Specification, version 1: the header in
 * the first 8 KiB of the file, then 32-bit code, which is entered with the address of the boot
 * information in %ebx.
 */
#define MAGIC	0x1badb002
#define FLAGS	0x2		/* the amount of memory is wanted */

	.text
	.balign 4
	.long MAGIC, FLAGS, -(MAGIC + FLAGS)

	.globl _start
_start:
	mov	$stack_end, %esp
	push	%ebx
	call	nested_main
1:	hlt
	jmp	1b

	.bss
	.balign 16
	.skip	4096
stack_end:

	.section .note.GNU-stack, "", @progbits
