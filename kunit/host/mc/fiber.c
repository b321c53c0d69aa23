// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fibers. A switch saves the registers that a function call preserves on the old stack and loads
 * those of the new one. swapcontext() would also save the signal mask, which is a system call.
 */
#include "fiber.h"

#ifndef __x86_64__
#error "the switch between fibers is written for x86-64"
#endif

#define STACK_SIZE	(64 << 10)
#define NR_SAVED	6	/* registers that mc_switch_stack() pushes */

static char stack[MC_MAX_FIBERS][STACK_SIZE] __aligned(64);
static void *saved_sp[1 + MC_MAX_FIBERS];	/* [0]: main() */

void mc_switch_stack(void **save, void *to);

__asm__(".globl mc_switch_stack\n"
	"mc_switch_stack:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n");

void mc_fiber_reset(int n, void (*fn)(void))
{
	void **sp = (void **)(stack[n] + STACK_SIZE) - 2;

	*sp = (void *)fn;
	saved_sp[1 + n] = sp - NR_SAVED;
}

void mc_fiber_switch(int from, int to)
{
	mc_switch_stack(&saved_sp[1 + from], saved_sp[1 + to]);
}
